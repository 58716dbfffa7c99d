// Runs the ops of an instruction set without TensorFlow.
//
//   driver SET fit COUNT [SEED]    calls that fit: every one must succeed; prints a hash of the results of each op
//   driver SET wrong COUNT [SEED]  calls that mostly do not fit: each must end with results or an error that names its
//   op driver SET time COUNT [SEED]   as fit, with microseconds of processor time for each op
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cases.h"

/** Registers the ops of a set, of this library or of another that is compared with it; false where there is none. */
bool openSet(const char* name);

namespace {

uint64_t hashOf(const TF_Tensor& tensor, uint64_t hash) {
  const unsigned char* bytes = static_cast<const unsigned char*>(tensor.buffer->data());
  for (size_t i = 0; i < tensor.buffer->bytes(); i++) hash = (hash ^ bytes[i]) * 0x100000001b3u;
  return hash;
}

int fail(const OpCall& call, const char* what) {
  fprintf(stderr, "%s: %s\n", call.op.c_str(), what);
  for (const auto& [name, values] : call.attributes.lists) {
    fprintf(stderr, "  %s:", name.c_str());
    for (const int32_t value : values) fprintf(stderr, " %d", value);
    fprintf(stderr, "\n");
  }
  for (const TF_Tensor& input : call.inputs) {
    fprintf(stderr, "  input:");
    for (const int64_t size : input.dims) fprintf(stderr, " %lld", static_cast<long long>(size));
    fprintf(stderr, "\n");
  }
  return 1;
}

/** Runs of each call that is timed; the quickest counts. */
constexpr int repeats = 9;
/** Timed calls are larger, so that kernels count and not what is around them. */
constexpr int scaleOfTimed = 16;

int runFitting(const std::string& op, int count, uint64_t seed, bool timed) {
  uint64_t hash = 0xcbf29ce484222325u;
  double microseconds = 0;
  for (int i = 0; i < count; i++) {
    Random random(seed + static_cast<uint64_t>(i));
    const OpCall call = validCall(op, random, timed ? scaleOfTimed : 1);
    const Outcome outcome = runOp(op, call.attributes, call.inputs);
    if (outcome.status.code != TF_OK) return fail(call, outcome.status.message.c_str());
    for (const auto& output : outcome.outputs) hash = hashOf(*output, hash);
    double least = outcome.microseconds;
    for (int n = 1; timed && n < repeats; n++) {
      least = std::min(least, runOp(op, call.attributes, call.inputs).microseconds);
    }
    microseconds += least;
  }
  if (timed) printf("%s %.0f\n", op.c_str(), microseconds);
  else printf("%s %016llx\n", op.c_str(), static_cast<unsigned long long>(hash));
  return 0;
}

int runWrong(const std::vector<std::string>& ops, int count, uint64_t seed) {
  int refused = 0;
  for (int i = 0; i < count; i++) {
    Random random(seed + static_cast<uint64_t>(i));
    const std::string& op = ops[static_cast<size_t>(random.between(0, static_cast<int>(ops.size()) - 1))];
    OpCall call = validCall(op, random);
    disturb(call, random);
    const Outcome outcome = runOp(op, call.attributes, call.inputs);
    if (outcome.status.code == TF_OK) continue;
    refused++;
    if (outcome.status.code == TF_INVALID_ARGUMENT && outcome.status.message.compare(0, op.size() + 1, op + ":") != 0) {
      return fail(call, outcome.status.message.c_str());
    }
  }
  printf("%d calls: %d refused, %d fit after all\n", count, refused, count - refused);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 4) {
    fprintf(stderr, "driver SET fit|wrong|time COUNT [SEED]\n");
    return 2;
  }
  const std::string set = arguments[1], mode = arguments[2];
  const int calls = atoi(arguments[3]);
  const uint64_t seed = count > 4 ? strtoull(arguments[4], nullptr, 10) : 1;
  if (!openSet(set.c_str())) {
    fprintf(stderr, "this processor or build has no %s\n", set.c_str());
    return 3;
  }
  if (mode == "wrong") return runWrong(registeredOps(), calls, seed);
  int failed = 0;
  for (const std::string& op : registeredOps()) failed |= runFitting(op, calls, seed, mode == "time");
  return failed;
}
