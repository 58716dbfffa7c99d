// ConvoyPooledConvolution with its output written into memory that is there already: that of input `into`, as where a
// layer's output goes to memory which other workers read.
#include "convolution/pooled-convolution.h"

namespace convoy::pooled_convolution_into {
namespace {

void inferShapes(Shapes& shapes) {
  shapes.expectRank(0, 4);
  shapes.expectRank(1, 4);
  shapes.expectEqual({1, 2}, {0, 3});
  shapes.expectRank(2, 1);
  shapes.expectEqual({2, 0}, {1, 3});
  shapes.expectRank(3, 4);
  shapes.expectEqual({3, 3}, {1, 3});
  for (int output = 0; output < 2; output++) shapes.output(output, {{0, 0}, unknownSize, unknownSize, {1, 3}});
}

constexpr Schema schema = Schema("ConvoyPooledConvolutionInto")
                              .input("x: T")
                              .input("filter: T")
                              .input("bias: T")
                              .input("into: T")
                              .output("y: T")
                              .output("argmax: uint8")
                              .attribute("padding: list(int)")
                              .attribute("size: list(int)")
                              .attribute("relu: bool = false")
                              .typed()
                              .writesInput()
                              .worthwhile(lanes == 16)  // with 16 registers no tile of windows keeps the units busy
                              .shapes(inferShapes);

class PooledConvolutionIntoOp {
 public:
  explicit PooledConvolutionIntoOp(Construction& c)
      : padding_(c.sizes("padding", 0)), size_(c.sizes("size", 1)), rectified_(c.flag("relu")) {}

  void compute(Call& call) const { runPooledConvolution(call, padding_, size_, rectified_, 3); }

 private:
  Sizes padding_, size_;
  bool rectified_;
};

CONVOY_REGISTER_OP(schema, PooledConvolutionIntoOp)

}  // namespace
}  // namespace convoy::pooled_convolution_into
