// Gradients of the filter of a convolution of 3x3 or 5x5, and of a bias behind it, by minimal filtering: two to four
// times fewer multiplications than TensorFlow's.
#include "convolution/winograd.h"
#include "op/registration.h"

namespace convoy::winograd_filter_grad {
namespace {

template <typename T>
CONVOY_KERNEL void filterGradient(const WinogradConvolution& c, int side, const T* x, const T* g, T* filter, T* bias) {
  if (side == 5) return winogradFilterGradient<FiveByTwo>(c, x, g, filter, bias);
  const int64_t four = Tiles<ThreeByFour>(c).inImage * 36ll, two = Tiles<ThreeByTwo>(c).inImage * 16ll;
  if (two < four) winogradFilterGradient<ThreeByTwo>(c, x, g, filter, bias);
  else winogradFilterGradient<ThreeByFour>(c, x, g, filter, bias);
}

void inferShapes(Shapes& shapes) {
  shapes.expectRank(0, 4);
  shapes.expectRank(1, 4);
  shapes.expectEqual({1, 0}, {0, 0});
  shapes.output(0, {unknownSize, unknownSize, {0, 3}, {1, 3}});
  shapes.outputLastAxis(1, 1);
}

/** `kernel` are the filter's rows and columns. */
constexpr Schema schema = Schema("ConvoyWinogradFilterGrad")
                              .input("x: T")
                              .input("gradient: T")
                              .output("filter: T")
                              .output("bias: T")
                              .attribute("kernel: list(int)")
                              .attribute("padding: list(int)")
                              .typed()
                              .shapes(inferShapes);

class WinogradFilterGrad {
 public:
  explicit WinogradFilterGrad(Construction& c) : kernel_(c.sizes("kernel", 1)), padding_(c.sizes("padding", 0)) {}

  void compute(Call& call) const {
    const Tensor x = call.input(0, 4), g = call.input(1, 4);
    if (!x || !g || !call.expect(g.size(0) == x.size(0), 1, "%d images", x.dim(0))) return;
    const int side = kernel_.rows;
    const bool square = isWinogradSide(side) && kernel_.columns == side;
    if (!call.expect(square, "kernel", kernel_, "3 x 3 or 5 x 5")) return;
    const WinogradConvolution c = {x.dim(0), x.dim(1), x.dim(2),      x.dim(3),        g.dim(3),
                                   g.dim(1), g.dim(2), padding_.rows, padding_.columns};
    if (!expectWinograd(call, 0, side, c)) return;
    inTypeOf(x, [&](auto number) {
      using T = decltype(number);
      T* filter = call.output<T>(0, x.type(), {side, side, c.inputs, c.outputs});
      T* bias = call.output<T>(1, x.type(), {c.outputs});
      if (call.ok()) filterGradient(c, side, x.data<T>(), g.data<T>(), filter, bias);
    });
  }

 private:
  Sizes kernel_, padding_;
};

CONVOY_REGISTER_OP(schema, WinogradFilterGrad)

}  // namespace
}  // namespace convoy::winograd_filter_grad
