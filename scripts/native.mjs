#!/usr/bin/env node
/**
 * Makes TensorFlow loadable by tfjs-node; `npm run native`. Plain Node, since it runs before the build. Answers within
 * 0.2 s when all is ready, so what is slow to import is imported only when there is something to do.
 */
import { parseArgs } from 'node:util';
import { buildCluster, staleCluster } from './native/cluster.mjs';
import { buildKernels, hasKernels, staleKernels } from './native/kernels.mjs';
import { findTarget, readOrigin, readReady } from './native/package.mjs';

const help = `Usage: npm run native -- [--from auto|pip|installer] [--package DIR]

Makes TensorFlow loadable, trying in turn:
  addon      what is installed loads already
  directory  the directory in CONVOY_LIBTENSORFLOW: a libtensorflow release (lib/, include/)
             or an installed tensorflow Python package
  installer  the installer of @tensorflow/tfjs-node
  pip        the tensorflow wheel, by pip download

--from pip        prefers pip's TensorFlow (newer and faster), also to another that loads already
--from installer  likewise, tfjs-node's own
--package DIR     the @tensorflow/tfjs-node to prepare; default: the one of this project

Exit code 0 when TensorFlow loads, 1 when no way succeeded, 2 for a wrong option.`;

const orders = {
  auto: ['addon', 'directory', 'installer', 'pip'],
  pip: ['pip', 'addon', 'directory', 'installer'],
  installer: ['installer', 'addon', 'directory', 'pip'],
};

const doing = {
  addon: 'loading the addon',
  directory: 'building with CONVOY_LIBTENSORFLOW',
  installer: "running tfjs-node's installer",
  pip: 'downloading the tensorflow wheel with pip (270 MB) and building with it',
};

const titles = {
  addon: 'installed addon',
  directory: 'CONVOY_LIBTENSORFLOW',
  installer: 'tfjs-node installer',
  pip: 'pip',
};

/** What to install so that pip's way can succeed. */
const advice = {
  linux:
    'Install g++, make, python3 and pip (Debian, Ubuntu: apt-get install g++ make python3 python3-pip), with pip ' +
    'able to reach a package index; or set CONVOY_LIBTENSORFLOW to a directory with libtensorflow.',
  darwin:
    'Install the command line tools (xcode-select --install) and python3 with pip; or set CONVOY_LIBTENSORFLOW to a ' +
    'directory with libtensorflow.',
  win32:
    'Let the installer of tfjs-node reach its host, or set CONVOY_LIBTENSORFLOW to a directory with libtensorflow.',
};

const say = (text) => console.error(`convoy: ${text}`);

function options() {
  try {
    const { values } = parseArgs({
      options: {
        from: { type: 'string', default: 'auto' },
        package: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.from in orders) return values;
    throw new Error(`Expected auto, pip or installer for --from but received "${values.from}"`);
  } catch (error) {
    say(`${error.message}\n\n${help}`);
    process.exit(2);
  }
}

/** Runs the ways in order; the first that succeeds ends it. */
async function setUp(target, order, preferred) {
  const { rmSync } = await import('node:fs');
  const { stopChildren } = await import('./native/run.mjs');
  const { takeLock } = await import('./native/lock.mjs');
  const { acceptInPlace, makeStage } = await import('./native/stage.mjs');
  const { fromDirectory, fromInstaller, fromPip } = await import('./native/ways.mjs');
  const ways = {
    addon: () => acceptInPlace(target, readOrigin(target) ?? 'installed before'),
    directory: (stage) => fromDirectory(target, stage),
    installer: (stage) => fromInstaller(target, stage),
    pip: (stage) => fromPip(target, stage),
  };
  const onWait = (owner) => say(`waiting for ${owner}, which sets up TensorFlow`);
  const unlock = await takeLock(`${target.folder}-convoy-lock`, onWait);
  let stage;
  const clean = () => {
    if (stage !== undefined) rmSync(stage, { recursive: true, force: true });
    unlock();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => {
      stopChildren();
      clean();
      say(`stopped by ${signal}; run it again to set TensorFlow up`);
      process.exit(1);
    });
  }
  const attempts = [];
  try {
    const ready = readReady(target); // another process may have done it while this one waited
    if (ready !== undefined && (preferred === undefined || ready.from === preferred)) return { done: ready, attempts };
    for (const name of order) {
      const silent = name === 'addon' || (name === 'directory' && !process.env.CONVOY_LIBTENSORFLOW);
      if (!silent) say(`TensorFlow is not ready; ${doing[name]} ...`);
      stage = name === 'addon' ? undefined : makeStage(target);
      const result = await ways[name](stage).catch((error) => ({ reason: error.message }));
      if (stage !== undefined) rmSync(stage, { recursive: true, force: true });
      stage = undefined;
      if (result.reason === undefined) return { done: { version: result.version, from: readOrigin(target) }, attempts };
      attempts.push(`  ${titles[name]}: ${result.reason}`);
    }
    return { attempts };
  } finally {
    clean();
  }
}

/** tfjs-node; fetched from the npm registry where npm left it out because its own installer failed. */
async function foundOrFetched(folder) {
  try {
    return findTarget(folder);
  } catch (error) {
    if (folder !== undefined) {
      say(`${folder}: expected @tensorflow/tfjs-node but found none (${error.message.split('\n')[0]})`);
      process.exit(1);
    }
  }
  say('tfjs-node is not installed, as its own installer found no network; fetching it from the npm registry ...');
  const { fetchPackage } = await import('./native/fetch.mjs');
  const reason = await fetchPackage();
  if (reason === undefined) return findTarget();
  say(reason);
  process.exit(1);
}

const { from, package: folder, help: asked } = options();
if (asked) {
  console.log(help);
} else {
  const preferred = from === 'auto' ? undefined : from;
  const target = await foundOrFetched(folder);
  let ready = readReady(target);
  if (ready === undefined || (preferred !== undefined && ready.from !== preferred)) {
    const { done, attempts } = await setUp(target, orders[from], preferred);
    ready = done;
    if (done === undefined) {
      const system = `${process.platform} ${process.arch}, Node ${process.versions.node}`;
      const unsupported = 'This platform is not supported: TensorFlow is built for Linux, macOS and Windows.';
      const what = advice[process.platform] ?? unsupported;
      say(`TensorFlow could not be made loadable on ${system}. Tried:\n${attempts.join('\n')}\n${what}`);
      process.exitCode = 1;
    } else if (preferred !== undefined && done.from !== preferred) {
      say(`--from ${preferred} failed, so TensorFlow ${done.version} (${done.from}) stays:\n${attempts.join('\n')}`);
    }
  }
  const stale = ready === undefined ? undefined : staleKernels(target);
  if (stale !== undefined) {
    const reason = await buildKernels(target, stale);
    if (reason !== undefined) {
      say(`convoy's own kernels could not be built, so that TensorFlow's, which are slower, are used: ${reason}`);
    }
  }
  const staleAddon = ready === undefined ? undefined : staleCluster(target);
  if (staleAddon !== undefined) {
    const reason = await buildCluster(target, staleAddon);
    if (reason !== undefined)
      say(`the addon for Open MPI could not be built, so that trainings stay on one machine: ${reason}`);
  }
  if (ready !== undefined && process.env.npm_config_loglevel !== 'silent') {
    console.log(`TensorFlow ${ready.version} is ready (${ready.from}).`);
    if (!hasKernels)
      console.log(
        `convoy has no kernels for ${process.platform} ${process.arch}: TensorFlow's are used, which are slower.`,
      );
  }
}
