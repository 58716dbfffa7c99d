// The gradient to the input of a convolution before ConvoyMaxPool. TensorFlow convolves the pooling's gradient with all
// its zeros; see pooled-filter-grad.cc.
#include "convolution/pooled-input-dot.h"
#include "convolution/pooled-input.h"
#include "op/registration.h"

namespace convoy::pooled_input_grad {
namespace {

void inferShapes(Shapes& shapes) {
  for (int input = 0; input < 3; input++) shapes.expectRank(input, 4);
  shapes.expectSameShape(2, 1);
  shapes.expectEqual({1, 3}, {0, 3});
  shapes.output(0, {{1, 0}, unknownSize, unknownSize, {0, 2}});
}

constexpr Schema schema = Schema("ConvoyPooledInputGrad")
                              .input("filter: T")
                              .input("gradient: T")
                              .input("argmax: uint8")
                              .output("x: T")
                              .attribute("window: list(int)")
                              .attribute("padding: list(int)")
                              .attribute("size: list(int)")
                              .typed()
                              .shapes(inferShapes);

class PooledInputGrad {
 public:
  explicit PooledInputGrad(Construction& c)
      : window_(c.window()), padding_(c.sizes("padding", 0)), size_(c.sizes("size", 1)) {}

  void compute(Call& call) const {
    const Tensor filter = call.input(0, 4), gradient = call.input(1, 4), argmax = call.input(2, 4);
    if (!filter || !gradient || !argmax || !call.expectSameShape(2, 1)) return;
    if (!call.expect(gradient.size(3) == filter.size(3), 1, "%d channels", filter.dim(3))) return;
    const PooledConvolution c = {gradient.dim(0), size_.rows,    size_.columns,    filter.dim(2),
                                 filter.dim(0),   filter.dim(1), filter.dim(3),    gradient.dim(1),
                                 gradient.dim(2), padding_.rows, padding_.columns, {window_.rows, window_.columns}};
    if (!expectPooled(call, 1, c)) return;
    inTypeOf(gradient, [&](auto number) {
      using T = decltype(number);
      T* x = call.output<T>(0, gradient.type(), {c.images, c.height, c.width, c.inputs});
      if (x != nullptr) pooledInput(c, filter.data<T>(), gradient.data<T>(), argmax.data<uint8_t>(), x);
    });
  }

 private:
  Sizes window_, padding_, size_;
};

CONVOY_REGISTER_OP(schema, PooledInputGrad)

}  // namespace
}  // namespace convoy::pooled_input_grad
