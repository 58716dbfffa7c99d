// The normalized batch and its ReLU in one. TensorFlow takes a pass over memory for each; oneDNN's kernel for bfloat16
// takes three times as long.
#include "normalization/normal.h"

namespace convoy::batch_norm {
namespace {

template <bool rectified, typename T>
CONVOY_KERNEL void normalize(const BatchNorm& n, const T* x, const float* mean, const float* scale, const float* shift,
                             T* y) {
  static thread_local Scratch memory;
  const RowGroups groups(n.rows, n.channels);
  const int floats = groups.floats, channels = n.channels;
  float* m = memory.take<float>((size_t)3 * floats);
  float *s = m + floats, *t = s + floats;
  repeat(mean, m, channels, floats);
  repeat(scale, s, channels, floats);
  repeat(shift, t, channels, floats);
  for (int64_t group = 0; group < groups.count; group++, x += floats, y += floats) {
    for (int i = 0; i < floats; i += lanes) {
      store(y + i, normal<rectified>(load(x + i), load(m + i), load(s + i), load(t + i)));
    }
  }
  for (int i = 0; i < groups.rest; i++) storeOne(y + i, normal<rectified>(loadOne(x + i), m[i], s[i], t[i]));
}

void inferShapes(Shapes& shapes) {
  for (int input = 1; input < 4; input++) shapes.expectRank(input, 1);
  shapes.outputLike(0, 0);
}

constexpr Schema schema = Schema("ConvoyBatchNorm")
                              .input("x: T")
                              .input("mean: float")
                              .input("scale: float")
                              .input("shift: float")
                              .output("y: T")
                              .attribute("relu: bool = false")
                              .typed()
                              .shapes(inferShapes);

class Normalization {
 public:
  explicit Normalization(Construction& c) : rectified_(c.flag("relu")) {}

  void compute(Call& call) const {
    const BatchNorm n = batchOf(call, 0);
    if (n.rows == 0) return;
    const Tensor x = call.input(0, -1);
    const float* vectors[3];
    for (int i = 0; i < 3; i++) vectors[i] = call.vector<float>(i + 1, n.channels);
    inTypeOf(x, [&](auto number) {
      using T = decltype(number);
      T* y = call.outputLike<T>(0, 0);
      if (!call.ok()) return;
      const auto run = rectified_ ? normalize<true, T> : normalize<false, T>;
      run(n, x.data<T>(), vectors[0], vectors[1], vectors[2], y);
    });
  }

 private:
  bool rectified_;
};

CONVOY_REGISTER_OP(schema, Normalization)

}  // namespace
}  // namespace convoy::batch_norm
