// Batch normalization of x[rows, channels]. Memory is the limit: the statistics, the result and each of the two passes of the
// gradient read what they need once, in order.
#pragma once
#include <cmath>

#include "kernels.h"
#include "vectors.h"

namespace convoy {
namespace {

/** Floats of the widest vectors. */
constexpr int widest = 16;
/** Lines that are added up in float32, in which so few round little; these sums are put together in float64. */
constexpr int blockLines = 32;

/**
 * Rows side by side, as lines of whole vectors whatever the number of channels: element i of a line belongs to channel
 * i % channels. Lines are the same for all instruction sets, so that sums have one order.
 */
struct Lines {
  Lines(int64_t rows, int channels) {
    const int divisor = channels & -channels;  // the greatest power of two that divides it
    int together = divisor < widest ? widest / divisor : 1;
    while (together * channels < 4 * widest) together *= 2;  // no sum is needed again before it is stored
    floats = together * channels;
    count = rows / together;
    rest = (int)(rows % together) * channels;
  }
  int floats;     // in a line
  int64_t count;  // of lines
  int rest;       // floats behind the last line
};

/** Calls `sum(count)` for blocks of lines, one after the other. */
template <typename Sum>
inline void inBlocks(const Lines& lines, Sum sum) {
  for (int64_t first = 0; first < lines.count; first += blockLines) {
    sum(lines.count - first < blockLines ? (int)(lines.count - first) : blockLines);
  }
}

/** Repeats the numbers at the beginning of a line, one a channel, over the whole of it. */
inline void repeat(float* line, int channels, int floats) {
  for (int i = channels; i < floats; i += channels) memcpy(line + i, line, channels * sizeof(float));
}

template <typename T>
inline void repeat(const T* from, float* line, int channels, int floats) {
  for (int i = 0; i < channels; i++) line[i] = loadOne(from + i);
  repeat(line, channels, floats);
}

/** What of a line of sums belongs to a channel. */
inline double gather(const double* line, int floats, int channels, int channel) {
  double sum = 0;
  for (int i = channel; i < floats; i += channels) sum += line[i];
  return sum;
}

/**
 * Mean and biased variance of each channel, right to float32's rounding: the squares of a block are those of differences from
 * its own mean, for which its second reading finds it in the cache. And `scale` and `shift`, with which the normalized x is
 * (x - mean) * scale + shift; the shift makes up for the rounding of the mean.
 */
template <typename T>
void batchStatistics(const BatchNorm& n, const T* x, const float* gamma, const float* beta, float* mean, float* variance, float* scale,
                     float* shift) {
  static thread_local Scratch floatMemory, doubleMemory;
  const Lines lines(n.rows, n.channels);
  const int floats = lines.floats, channels = n.channels;
  float* base = floatMemory.take<float>((size_t)4 * floats);
  float *center = base + floats, *sums = center + floats, *squares = sums + floats;
  double* total = doubleMemory.take<double>((size_t)2 * floats);
  double* totalSquares = total + floats;
  memset(total, 0, (size_t)2 * floats * sizeof(double));
  repeat(x, base, channels, floats);  // totals are of differences from the first row: of equal numbers they are zero
  inBlocks(lines, [&](int count) {
    memset(center, 0, floats * sizeof(float));
    const T* from = x;
    for (int line = 0; line < count; line++, from += floats) {
      for (int i = 0; i < floats; i += lanes) store(center + i, load(center + i) + load(from + i));
    }
    for (int i = 0; i < floats; i++) center[i] /= (float)count;
    memset(sums, 0, (size_t)2 * floats * sizeof(float));
    for (int line = 0; line < count; line++, x += floats) {
      for (int i = 0; i < floats; i += lanes) {
        const Vector away = load(x + i) - load(center + i);
        store(sums + i, load(sums + i) + away);
        store(squares + i, load(squares + i) + away * away);
      }
    }
    for (int i = 0; i < floats; i++) {
      const double away = (double)center[i] - base[i];
      total[i] += count * away + sums[i];
      totalSquares[i] += squares[i] + away * (2.0 * sums[i] + count * away);
    }
  });
  for (int i = 0; i < lines.rest; i++) {
    const double away = (double)loadOne(x + i) - base[i];
    total[i] += away;
    totalSquares[i] += away * away;
  }
  for (int channel = 0; channel < channels; channel++) {
    const double away = gather(total, floats, channels, channel) / n.rows;
    const double exact = base[channel] + away;
    const double square = gather(totalSquares, floats, channels, channel) / n.rows - away * away;
    mean[channel] = (float)exact;
    variance[channel] = square < 0 ? 0 : (float)square;
    scale[channel] = (float)(gamma[channel] / std::sqrt((double)variance[channel] + n.epsilon));
    shift[channel] = (float)(beta[channel] + (mean[channel] - exact) * scale[channel]);
  }
}

/** (x - mean) * scale + shift, of a vector or of one float. */
template <bool rectified, typename T>
inline T normal(T x, T mean, T scale, T shift) {
  const T y = (x - mean) * scale + shift;
  if constexpr (rectified) return T{} > y ? T{} : y;  // NaN is passed on
  else return y;
}

/** The normalized x, no less than zero if rectified. */
template <bool rectified, typename T>
void normalize(const BatchNorm& n, const T* x, const float* mean, const float* scale, const float* shift, T* y) {
  static thread_local Scratch memory;
  const Lines lines(n.rows, n.channels);
  const int floats = lines.floats, channels = n.channels;
  float* m = memory.take<float>((size_t)3 * floats);
  float *s = m + floats, *t = s + floats;
  repeat(mean, m, channels, floats);
  repeat(scale, s, channels, floats);
  repeat(shift, t, channels, floats);
  for (int64_t line = 0; line < lines.count; line++, x += floats, y += floats) {
    for (int i = 0; i < floats; i += lanes) {
      store(y + i, normal<rectified>(load(x + i), load(m + i), load(s + i), load(t + i)));
    }
  }
  for (int i = 0; i < lines.rest; i++) storeOne(y + i, normal<rectified>(loadOne(x + i), m[i], s[i], t[i]));
}

/**
 * Gradients to x, gamma and beta from that of the (rectified) normalized x. With n rows, d = x - mean and the means of g and
 * of g d over them: gamma's is sum(g d) / deviation, x's is scale (g - mean(g) - d mean(g d) / variance).
 */
template <bool rectified, typename T>
void normalizeGradient(const BatchNorm& n, const T* gradient, const T* x, const float* mean, const float* variance, const float* scale,
                       const float* shift, T* xGradient, float* gamma, float* beta) {
  static thread_local Scratch floatMemory, doubleMemory;
  const Lines lines(n.rows, n.channels);
  const int floats = lines.floats, channels = n.channels;
  float* m = floatMemory.take<float>((size_t)6 * floats);
  float *s = m + floats, *t = s + floats, *sums = t + floats, *products = sums + floats, *rests = products + floats;
  double* total = doubleMemory.take<double>((size_t)3 * floats);
  double *totalProducts = total + floats, *totalRests = totalProducts + floats;
  memset(total, 0, (size_t)3 * floats * sizeof(double));
  repeat(mean, m, channels, floats);
  repeat(scale, s, channels, floats);
  repeat(shift, t, channels, floats);
  // What of a gradient comes through the rectifier.
  const auto through = [&](auto g, auto value, auto middle, auto factor, auto offset) {
    if constexpr (!rectified) return g;
    else return normal<false>(value, middle, factor, offset) > 0 ? g : decltype(g){};
  };
  const T *g = gradient, *from = x;
  inBlocks(lines, [&](int count) {
    memset(sums, 0, (size_t)3 * floats * sizeof(float));
    for (int line = 0; line < count; line++, g += floats, from += floats) {
      for (int i = 0; i < floats; i += lanes) {
        const Vector value = load(from + i), middle = load(m + i), away = value - middle;
        const Vector passed = through(load(g + i), value, middle, load(s + i), load(t + i));
        store(sums + i, load(sums + i) + passed);
        store(products + i, load(products + i) + passed * away);
        store(rests + i, load(rests + i) + away);
      }
    }
    for (int i = 0; i < 3 * floats; i++) total[i] += sums[i];
  });
  for (int i = 0; i < lines.rest; i++) {
    const float value = loadOne(from + i), away = value - m[i], passed = through(loadOne(g + i), value, m[i], s[i], t[i]);
    total[i] += passed;
    totalProducts[i] += (double)passed * away;
    totalRests[i] += away;
  }
  // x's gradient is scale (g - average) + (slope d + offset), the offset made up for what was rounded.
  float *average = sums, *slope = products, *offset = rests;
  for (int channel = 0; channel < channels; channel++) {
    const double sum = gather(total, floats, channels, channel), rest = gather(totalRests, floats, channels, channel) / n.rows;
    const double product = gather(totalProducts, floats, channels, channel) - rest * sum;
    const double inverse = 1 / ((double)variance[channel] + n.epsilon);
    const double exact = sum / n.rows, steep = -scale[channel] * inverse * product / n.rows;
    gamma[channel] = (float)(product * std::sqrt(inverse));
    beta[channel] = (float)sum;
    average[channel] = (float)exact;
    slope[channel] = (float)steep;
    offset[channel] = (float)(scale[channel] * (average[channel] - exact) - steep * rest);
  }
  repeat(average, channels, floats);
  repeat(slope, channels, floats);
  repeat(offset, channels, floats);
  const auto toX = [&](auto passed, auto away, auto factor, auto middle, auto steep, auto other) {
    return factor * (passed - middle) + (steep * away + other);
  };
  for (int64_t line = 0; line < lines.count; line++, gradient += floats, x += floats, xGradient += floats) {
    for (int i = 0; i < floats; i += lanes) {
      const Vector value = load(x + i), middle = load(m + i), factor = load(s + i);
      const Vector passed = through(load(gradient + i), value, middle, factor, load(t + i));
      store(xGradient + i, toX(passed, value - middle, factor, load(average + i), load(slope + i), load(offset + i)));
    }
  }
  for (int i = 0; i < lines.rest; i++) {
    const float value = loadOne(x + i), passed = through(loadOne(gradient + i), value, m[i], s[i], t[i]);
    storeOne(xGradient + i, toX(passed, value - m[i], s[i], average[i], slope[i], offset[i]));
  }
}

}  // namespace
}  // namespace convoy
