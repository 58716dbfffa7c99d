// Gradients to the filter and the bias of a convolution of few input channels, as a network's first one is, in one
// pass, and through the ReLU after it. TensorFlow takes a pass each for the ReLU and the bias, and its convolutions
// make long rows of input channels, of which there are few here.
#include "convolution/narrow-filter-dot.h"
#include "convolution/narrow-filter.h"
#include "op/registration.h"

namespace convoy::narrow_filter_grad {
namespace {

void inferShapes(Shapes& shapes) {
  shapes.expectRank(0, 4);
  shapes.expectRank(1, 4);
  shapes.expectEqual({1, 0}, {0, 0});
  shapes.output(0, {unknownSize, unknownSize, {0, 3}, {1, 3}});
  shapes.output(1, {{1, 3}});
}

/** A y of one axis is none: the gradient is that of the convolution itself. */
constexpr Schema schema = Schema("ConvoyNarrowFilterGrad")
                              .input("x: T")
                              .input("gradient: T")
                              .input("y: T")
                              .output("filter: float")
                              .output("bias: float")
                              .attribute("kernel: list(int)")
                              .attribute("padding: list(int)")
                              .typed()
                              .shapes(inferShapes);

class NarrowFilterGrad {
 public:
  explicit NarrowFilterGrad(Construction& c) : kernel_(c.sizes("kernel", 1)), padding_(c.sizes("padding", 0)) {}

  void compute(Call& call) const {
    const Tensor x = call.input(0, 4), gradient = call.input(1, 4), y = call.input(2, -1);
    if (!x || !gradient || !y) return;
    if (!call.expect(gradient.size(0) == x.size(0), 1, "%d images", x.dim(0))) return;
    const bool rectified = y.rank() != 1;
    if (rectified && !call.expectSameShape(2, 1)) return;
    const NarrowConvolution c = {x.dim(0),        x.dim(1),        x.dim(2),        x.dim(3),
                                 kernel_.rows,    kernel_.columns, gradient.dim(3), gradient.dim(1),
                                 gradient.dim(2), padding_.rows,   padding_.columns};
    if (!expectNarrow(call, 0, 1, c)) return;
    float* filter = call.output<float>(0, TF_FLOAT, {c.filterRows, c.filterColumns, c.inputs, c.outputs});
    float* bias = call.output<float>(1, TF_FLOAT, {c.outputs});
    if (!call.ok()) return;
    inTypeOf(x, [&](auto number) {
      using T = decltype(number);
      narrowFilter(c, x.data<T>(), gradient.data<T>(), rectified ? y.data<T>() : nullptr, filter, bias);
    });
  }

 private:
  Sizes kernel_, padding_;
};

CONVOY_REGISTER_OP(schema, NarrowFilterGrad)

}  // namespace
}  // namespace convoy::narrow_filter_grad
