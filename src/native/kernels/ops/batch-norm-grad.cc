// Gradients of ConvoyBatchNorm and ConvoyBatchStatistics together. TensorFlow adds up all elements of a channel in
// float32, and takes a pass over memory more for the ReLU.
#include <cmath>

#include "normalization/normal.h"

namespace convoy::batch_norm_grad {
namespace {

/**
 * Gradients to x, gamma and beta from that of the (rectified) normalized x. With n rows, d = x - mean and the means of
 * g and of g d over them: gamma's is sum(g d) / deviation, x's is scale (g - mean(g) - d mean(g d) / variance).
 */
template <bool rectified, typename T>
CONVOY_KERNEL void normalizeGradient(const BatchNorm& n, const T* gradient, const T* x, const float* mean,
                                     const float* variance, const float* scale, const float* shift, T* xGradient,
                                     float* gamma, float* beta) {
  static thread_local Scratch floatMemory, doubleMemory;
  const RowGroups groups(n.rows, n.channels);
  const int floats = groups.floats, channels = n.channels;
  float* m = floatMemory.take<float>((size_t)6 * floats);
  float *s = m + floats, *t = s + floats, *sums = t + floats, *products = sums + floats, *rests = products + floats;
  double* total = doubleMemory.take<double>((size_t)3 * floats);
  double *totalProducts = total + floats, *totalRests = totalProducts + floats;
  memset(total, 0, (size_t)3 * floats * sizeof(double));
  repeat(mean, m, channels, floats);
  repeat(scale, s, channels, floats);
  repeat(shift, t, channels, floats);
  // The gradient behind the ReLU.
  const auto through = [&](auto g, auto value, auto middle, auto factor, auto offset) {
    if constexpr (!rectified) return g;
    else return normal<false>(value, middle, factor, offset) > 0 ? g : decltype(g){};
  };
  const T *g = gradient, *from = x;
  inBlocks(groups, [&](int count) {
    memset(sums, 0, (size_t)3 * floats * sizeof(float));
    for (int group = 0; group < count; group++, g += floats, from += floats) {
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
  for (int i = 0; i < groups.rest; i++) {
    const float value = loadOne(from + i), away = value - m[i],
                passed = through(loadOne(g + i), value, m[i], s[i], t[i]);
    total[i] += passed;
    totalProducts[i] += (double)passed * away;
    totalRests[i] += away;
  }
  // x's gradient is scale (g - average) + (slope d + offset), the offset made up for what was rounded.
  float *average = sums, *slope = products, *offset = rests;
  for (int channel = 0; channel < channels; channel++) {
    const double sum = gather(total, floats, channels, channel),
                 rest = gather(totalRests, floats, channels, channel) / n.rows;
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
  for (int64_t group = 0; group < groups.count; group++, gradient += floats, x += floats, xGradient += floats) {
    for (int i = 0; i < floats; i += lanes) {
      const Vector value = load(x + i), middle = load(m + i), factor = load(s + i);
      const Vector passed = through(load(gradient + i), value, middle, factor, load(t + i));
      store(xGradient + i, toX(passed, value - middle, factor, load(average + i), load(slope + i), load(offset + i)));
    }
  }
  for (int i = 0; i < groups.rest; i++) {
    const float value = loadOne(x + i), passed = through(loadOne(gradient + i), value, m[i], s[i], t[i]);
    storeOne(xGradient + i, toX(passed, value - m[i], s[i], average[i], slope[i], offset[i]));
  }
}

void inferShapes(Shapes& shapes) {
  shapes.expectSameShape(0, 1);
  for (int input = 2; input < 6; input++) shapes.expectRank(input, 1);
  shapes.outputLike(0, 1);
  for (int output = 1; output < 3; output++) shapes.outputLastAxis(output, 1);
}

constexpr Schema schema = Schema("ConvoyBatchNormGrad")
                              .input("gradient: T")
                              .input("x: T")
                              .input("mean: float")
                              .input("variance: float")
                              .input("scale: float")
                              .input("shift: float")
                              .output("x_gradient: T")
                              .output("gamma: float")
                              .output("beta: float")
                              .attribute("epsilon: float")
                              .attribute("relu: bool = false")
                              .typed()
                              .shapes(inferShapes);

class BatchNormGrad {
 public:
  explicit BatchNormGrad(Construction& c) : epsilon_(c.number("epsilon")), rectified_(c.flag("relu")) {}

  void compute(Call& call) const {
    const BatchNorm n = batchOf(call, 1, epsilon_);
    if (n.rows == 0) return;
    const Tensor x = call.input(1, -1);
    const float* vectors[4];
    for (int i = 0; i < 4; i++) vectors[i] = call.vector<float>(i + 2, n.channels);
    if (!call.input(0, x.rank()) || !call.expectSameShape(0, 1)) return;
    call.release(0);  // its memory becomes that of x's gradient, where nothing else needs it
    inTypeOf(x, [&](auto number) {
      using T = decltype(number);
      T* xGradient = call.outputOver<T>(0, 1, 0);
      const Tensor gradient = call.input(0, x.rank());
      const int64_t channels[] = {n.channels};
      float *gamma = call.output<float>(1, TF_FLOAT, channels), *beta = call.output<float>(2, TF_FLOAT, channels);
      if (!call.ok()) return;
      const auto run = rectified_ ? normalizeGradient<true, T> : normalizeGradient<false, T>;
      run(n, gradient.data<T>(), x.data<T>(), vectors[0], vectors[1], vectors[2], vectors[3], xGradient, gamma, beta);
    });
  }

 private:
  float epsilon_;
  bool rectified_;
};

CONVOY_REGISTER_OP(schema, BatchNormGrad)

}  // namespace
}  // namespace convoy::batch_norm_grad
