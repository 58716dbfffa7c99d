// Convolution of 3x3 or 5x5 by minimal filtering: two to four times fewer multiplications than TensorFlow's. With
// `turned` the gradient of such a convolution's input, from the gradient of its output and the same filter.
#include "convolution/winograd.h"
#include "op/registration.h"

namespace convoy::winograd_convolution {
namespace {

/** Whether a filter is so large that reading its points is what takes the time: there are fewer in tiles of 2x2. */
inline bool prefersTwoByTwo(const WinogradConvolution& c) {
  const int64_t size = (int64_t)c.inputs * c.outputs;
  const int64_t four = Tiles<ThreeByFour>(c).inImage * 36ll, two = Tiles<ThreeByTwo>(c).inImage * 16ll;
  return 5 * two <= (size >= 1 << 18 ? 10 : size >= 1 << 16 ? 7 : 5) * four;
}

template <typename T, typename From>
CONVOY_KERNEL void convolve(const WinogradConvolution& c, int side, const T* x, const From* filter, Ending<T> ending,
                            T* y) {
  if (side == 5) winogradConvolution<FiveByTwo>(c, x, filter, ending, y);
  else if (prefersTwoByTwo(c)) winogradConvolution<ThreeByTwo>(c, x, filter, ending, y);
  else winogradConvolution<ThreeByFour>(c, x, filter, ending, y);
}

template <typename T>
void run(const WinogradConvolution& c, int side, bool turned, const T* x, const T* filter, Ending<T> ending, T* y) {
  if (!turned) return convolve(c, side, x, filter, ending, y);
  static thread_local Scratch memory;
  float* own = memory.take<float>((size_t)side * side * c.inputs * c.outputs);
  turnFilter(filter, side * side, c.outputs, c.inputs, own);
  convolve(c, side, x, own, ending, y);
}

void inferShapes(Shapes& shapes) {
  shapes.expectRank(0, 4);
  shapes.expectRank(1, 4);
  shapes.expectEqual({1, 0}, {1, 1});
  shapes.expectRank(2, 1);
  shapes.output(0, {{0, 0}, unknownSize, unknownSize, unknownSize});
}

/** `size` are rows and columns of y; a bias of no element is none. */
constexpr Schema schema = Schema("ConvoyWinogradConvolution")
                              .input("x: T")
                              .input("filter: T")
                              .input("bias: T")
                              .output("y: T")
                              .attribute("padding: list(int)")
                              .attribute("size: list(int)")
                              .attribute("turned: bool = false")
                              .attribute("relu: bool = false")
                              .typed()
                              .shapes(inferShapes);

class WinogradConvolutionOp {
 public:
  explicit WinogradConvolutionOp(Construction& c)
      : padding_(c.sizes("padding", 0)),
        size_(c.sizes("size", 1)),
        turned_(c.flag("turned")),
        rectified_(c.flag("relu")) {}

  void compute(Call& call) const {
    const Tensor x = call.input(0, 4), filter = call.input(1, 4), bias = call.input(2, 1);
    if (!x || !filter || !bias || !expectWinogradFilter(call, 1, filter.size(0), filter.size(1))) return;
    const int from = turned_ ? 3 : 2, to = turned_ ? 2 : 3, side = filter.dim(0);
    if (!call.expect(filter.size(from) == x.size(3), 1, "%d input channels", x.dim(3))) return;
    const WinogradConvolution c = {x.dim(0),   x.dim(1),      x.dim(2),      x.dim(3),        filter.dim(to),
                                   size_.rows, size_.columns, padding_.rows, padding_.columns};
    if (!expectWinograd(call, 0, side, c)) return;
    const bool biased = bias.size(0) > 0;
    if (!call.expect(!biased || bias.size(0) == c.outputs, 2, "0 or %d elements", c.outputs)) return;
    inTypeOf(x, [&](auto number) {
      using T = decltype(number);
      T* y = call.output<T>(0, x.type(), {c.images, c.rows, c.columns, c.outputs});
      const Ending<T> ending = {biased ? bias.data<T>() : nullptr, rectified_};
      if (call.ok()) run(c, side, turned_, x.data<T>(), filter.data<T>(), ending, y);
    });
  }

 private:
  Sizes padding_, size_;
  bool turned_, rectified_;
};

CONVOY_REGISTER_OP(schema, WinogradConvolutionOp)

}  // namespace
}  // namespace convoy::winograd_convolution
