// Statistics of a batch for its normalization. TensorFlow adds the elements of a channel in float32, one after the
// other, which leaves errors of 1e-3.
#include <cmath>

#include "normalization/row-groups.h"

namespace convoy::batch_statistics {
namespace {

/**
 * Mean and biased variance of each channel, exact to float32's rounding: a block's squares are those of differences
 * from its own mean, and its second reading finds it in the cache. Also `scale` and `shift`: the normalized x is (x -
 * mean) * scale + shift, where the shift makes up for the rounding of the mean.
 */
template <typename T>
CONVOY_KERNEL void batchStatistics(const BatchNorm& n, const T* x, const float* gamma, const float* beta, float* mean,
                                   float* variance, float* scale, float* shift) {
  static thread_local Scratch floatMemory, doubleMemory;
  const RowGroups groups(n.rows, n.channels);
  const int floats = groups.floats, channels = n.channels;
  float* base = floatMemory.take<float>((size_t)4 * floats);
  float *center = base + floats, *sums = center + floats, *squares = sums + floats;
  double* total = doubleMemory.take<double>((size_t)2 * floats);
  double* totalSquares = total + floats;
  memset(total, 0, (size_t)2 * floats * sizeof(double));
  repeat(x, base, channels, floats);  // totals are of differences from the first row: those of equal numbers are zero
  inBlocks(groups, [&](int count) {
    memset(center, 0, floats * sizeof(float));
    const T* from = x;
    for (int group = 0; group < count; group++, from += floats) {
      for (int i = 0; i < floats; i += lanes) store(center + i, load(center + i) + load(from + i));
    }
    for (int i = 0; i < floats; i++) center[i] /= (float)count;
    memset(sums, 0, (size_t)2 * floats * sizeof(float));
    for (int group = 0; group < count; group++, x += floats) {
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
  for (int i = 0; i < groups.rest; i++) {
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

void inferShapes(Shapes& shapes) {
  shapes.expectRank(1, 1);
  shapes.expectRank(2, 1);
  shapes.expectSameShape(2, 1);
  for (int output = 0; output < 4; output++) shapes.outputLastAxis(output, 0);
}

constexpr Schema schema = Schema("ConvoyBatchStatistics")
                              .input("x: T")
                              .input("gamma: float")
                              .input("beta: float")
                              .output("mean: float")
                              .output("variance: float")
                              .output("scale: float")
                              .output("shift: float")
                              .attribute("epsilon: float")
                              .typed()
                              .shapes(inferShapes);

class BatchStatistics {
 public:
  explicit BatchStatistics(Construction& c) : epsilon_(c.number("epsilon")) {}

  void compute(Call& call) const {
    const BatchNorm n = batchOf(call, 0, epsilon_);
    if (n.rows == 0) return;
    const Tensor x = call.input(0, -1);
    const float *gamma = call.vector<float>(1, n.channels), *beta = call.vector<float>(2, n.channels);
    const int64_t channels[] = {n.channels};
    float* statistics[4];
    for (int i = 0; i < 4; i++) statistics[i] = call.output<float>(i, TF_FLOAT, channels);
    if (!call.ok()) return;
    inTypeOf(x, [&](auto number) {
      using T = decltype(number);
      batchStatistics(n, x.data<T>(), gamma, beta, statistics[0], statistics[1], statistics[2], statistics[3]);
    });
  }

 private:
  float epsilon_;
};

CONVOY_REGISTER_OP(schema, BatchStatistics)

}  // namespace
}  // namespace convoy::batch_statistics
