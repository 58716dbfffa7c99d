// Batch normalization of x[rows, channels], over groups of rows. Memory is the limit: the statistics, the result and
// each of the two passes of the gradient read what they need once, in order.
#pragma once
#include "memory/scratch.h"
#include "op/registration.h"

namespace convoy {
namespace {

/** A batch that is normalized. */
struct BatchNorm {
  int64_t rows;
  int channels;
  float epsilon;  // added to variances
};

/** Most channels: groups of some rows of them are ints. */
constexpr int mostChannels = 1 << 24;

/** The batch of an input, over all axes but the last; no rows after a failure, such as an empty batch. */
inline BatchNorm batchOf(Call& call, int input, float epsilon = 0) {
  const Tensor x = call.input(input, -1);
  if (!x) return {0, 0, 0};
  const int last = x.rank() - 1;
  int64_t rows = 1;
  for (int axis = 0; axis < last; axis++) {
    if (__builtin_mul_overflow(rows, x.size(axis), &rows)) rows = 0;
  }
  const bool some = rows > 0 && x.size(last) > 0;
  if (!call.expect(some, input, "a batch that is not empty")) return {0, 0, 0};
  if (!call.expect(x.size(last) <= mostChannels, input, "at most %d channels", mostChannels)) return {0, 0, 0};
  return {rows, x.dim(last), epsilon};
}

/** Floats of the widest vectors of any instruction set. */
constexpr int widest = 16;
/** Groups whose sum is taken in float32: so few round little. Sums of blocks are added in float64. */
constexpr int blockRowGroups = 32;

/**
 * Neighbouring rows as groups of whole vectors, whatever the number of channels: element i of a group belongs to
 * channel i % channels. Groups are the same for all instruction sets, so that sums have one order.
 */
struct RowGroups {
  RowGroups(int64_t rows, int channels) {
    const int divisor = channels & -channels;  // the greatest power of two that divides it
    int together = divisor < widest ? widest / divisor : 1;
    while (together * channels < 4 * widest) together *= 2;  // no sum is needed again before it is stored
    floats = together * channels;
    count = rows / together;
    rest = (int)(rows % together) * channels;
  }
  int floats;     // of a group
  int64_t count;  // groups
  int rest;       // floats after the last group
};

/** Calls `sum(count)` for blocks of groups, one after the other. */
template <typename Sum>
inline void inBlocks(const RowGroups& groups, Sum sum) {
  for (int64_t first = 0; first < groups.count; first += blockRowGroups) {
    sum(groups.count - first < blockRowGroups ? (int)(groups.count - first) : blockRowGroups);
  }
}

/** Repeats the numbers at the beginning of a group, one for each channel, over the whole group. */
inline void repeat(float* group, int channels, int floats) {
  for (int i = channels; i < floats; i += channels) memcpy(group + i, group, channels * sizeof(float));
}

template <typename T>
inline void repeat(const T* from, float* group, int channels, int floats) {
  for (int i = 0; i < channels; i++) group[i] = loadOne(from + i);
  repeat(group, channels, floats);
}

/** The sum of a group's sums for one channel. */
inline double gather(const double* group, int floats, int channels, int channel) {
  double sum = 0;
  for (int i = channel; i < floats; i += channels) sum += group[i];
  return sum;
}

}  // namespace
}  // namespace convoy
