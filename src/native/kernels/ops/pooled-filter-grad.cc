// Gradients to the filter and the bias of a convolution before ConvoyMaxPool. TensorFlow convolves the pooling's
// gradient with all its zeros: of a 2x2 window three elements of four, and all where a ReLU after the pooling gave 0.
#include "convolution/argmax-sums.h"
#include "convolution/pooled-filter-dot.h"
#include "convolution/pooled-filter.h"
#include "convolution/pooled-narrow-filter.h"
#include "op/registration.h"

namespace convoy::pooled_filter_grad {
namespace {

void inferShapes(Shapes& shapes) {
  for (int input = 0; input < 3; input++) shapes.expectRank(input, 4);
  shapes.expectSameShape(2, 1);
  shapes.expectEqual({1, 0}, {0, 0});
  shapes.output(0, {unknownSize, unknownSize, {0, 3}, {1, 3}});
  shapes.output(1, {{1, 3}});
}

constexpr Schema schema = Schema("ConvoyPooledFilterGrad")
                              .input("x: T")
                              .input("gradient: T")
                              .input("argmax: uint8")
                              .output("filter: float")
                              .output("bias: float")
                              .attribute("window: list(int)")
                              .attribute("kernel: list(int)")
                              .attribute("padding: list(int)")
                              .typed()
                              .shapes(inferShapes);

class PooledFilterGrad {
 public:
  explicit PooledFilterGrad(Construction& c)
      : window_(c.window()), kernel_(c.sizes("kernel", 1)), padding_(c.sizes("padding", 0)) {}

  void compute(Call& call) const {
    const Tensor x = call.input(0, 4), gradient = call.input(1, 4), argmax = call.input(2, 4);
    if (!x || !gradient || !argmax || !call.expectSameShape(2, 1)) return;
    if (!call.expect(gradient.size(0) == x.size(0), 1, "%d images", x.dim(0))) return;
    const PooledConvolution c = {x.dim(0),        x.dim(1),        x.dim(2),         x.dim(3),
                                 kernel_.rows,    kernel_.columns, gradient.dim(3),  gradient.dim(1),
                                 gradient.dim(2), padding_.rows,   padding_.columns, {window_.rows, window_.columns}};
    if (!expectPooled(call, 0, c)) return;
    float* filter = call.output<float>(0, TF_FLOAT, {c.filterRows, c.filterColumns, c.inputs, c.outputs});
    float* bias = call.output<float>(1, TF_FLOAT, {c.outputs});
    if (!call.ok()) return;
    inTypeOf(x, [&](auto number) {
      using T = decltype(number);
      const T *numbers = x.data<T>(), *gradients = gradient.data<T>();
      // Vectors lie in the direction that has more to fill.
      const bool narrow = c.filterColumns * c.inputs < 2 * lanes && window_.rows == 2 && window_.columns == 2;
      if (narrow) pooledNarrowFilter(c, numbers, gradients, argmax.data<uint8_t>(), filter);
      else pooledFilter(c, numbers, gradients, argmax.data<uint8_t>(), filter);
      argmaxSums(gradients, argmax.data<uint8_t>(), c.images, c.pooledRows * c.pooledColumns, c.outputs, bias);
    });
  }

 private:
  Sizes window_, kernel_, padding_;
};

CONVOY_REGISTER_OP(schema, PooledFilterGrad)

}  // namespace
}  // namespace convoy::pooled_filter_grad
