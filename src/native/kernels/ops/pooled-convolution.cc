// Convolution, bias, maximum pooling of 2x2 and ReLU in one. TensorFlow writes and reads the convolution's whole output
// between them.
#include "convolution/pooled-convolution.h"

namespace convoy::pooled_convolution {
namespace {

void inferShapes(Shapes& shapes) {
  shapes.expectRank(0, 4);
  shapes.expectRank(1, 4);
  shapes.expectEqual({1, 2}, {0, 3});
  shapes.expectRank(2, 1);
  shapes.expectEqual({2, 0}, {1, 3});
  for (int output = 0; output < 2; output++) shapes.output(output, {{0, 0}, unknownSize, unknownSize, {1, 3}});
}

constexpr Schema schema = Schema("ConvoyPooledConvolution")
                              .input("x: T")
                              .input("filter: T")
                              .input("bias: T")
                              .output("y: T")
                              .output("argmax: uint8")
                              .attribute("padding: list(int)")
                              .attribute("size: list(int)")
                              .attribute("relu: bool = false")
                              .typed()
                              .worthwhile(lanes == 16)  // with 16 registers no tile of windows keeps the units busy
                              .shapes(inferShapes);

class PooledConvolutionOp {
 public:
  explicit PooledConvolutionOp(Construction& c)
      : padding_(c.sizes("padding", 0)), size_(c.sizes("size", 1)), rectified_(c.flag("relu")) {}

  void compute(Call& call) const { runPooledConvolution(call, padding_, size_, rectified_); }

 private:
  Sizes padding_, size_;
  bool rectified_;
};

CONVOY_REGISTER_OP(schema, PooledConvolutionOp)

}  // namespace
}  // namespace convoy::pooled_convolution
