// The gradient of ConvoyMaxPool. TensorFlow's would look for the maxima again.
#include "convolution/shapes.h"
#include "op/registration.h"

namespace convoy::max_pool_grad {
namespace {

/** x[images, height, width, channels]: each gradient at the argmax of its window, zeros elsewhere. */
template <typename T>
CONVOY_KERNEL void expand(const T* gradient, const uint8_t* argmax, int images, int rows, int columns, int channels,
                          Window window, int height, int width, T* x) {
  memset((void*)x, 0, (size_t)images * height * width * channels * sizeof(T));
  // An argmax beyond the window is read as element 0.
  int64_t offsets[256] = {};
  for (int q = 0; q < window.rows * window.columns; q++) {
    offsets[q] = ((int64_t)(q / window.columns) * width + q % window.columns) * channels;
  }
  for (int image = 0; image < images; image++, x += (size_t)height * width * channels) {
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++, gradient += channels, argmax += channels) {
        T* corner = x + ((int64_t)row * window.rows * width + column * window.columns) * channels;
        for (int channel = 0; channel < channels; channel++) {
          if (argmax[channel] != noArgmax) corner[offsets[argmax[channel]] + channel] = gradient[channel];
        }
      }
    }
  }
}

void inferShapes(Shapes& shapes) {
  shapes.expectRank(0, 4);
  shapes.expectRank(1, 4);
  shapes.expectSameShape(1, 0);
  shapes.output(0, {{0, 0}, unknownSize, unknownSize, {0, 3}});
}

constexpr Schema schema = Schema("ConvoyMaxPoolGrad")
                              .input("gradient: T")
                              .input("argmax: uint8")
                              .output("x: T")
                              .attribute("window: list(int)")
                              .attribute("size: list(int)")
                              .typed()
                              .shapes(inferShapes);

class MaxPoolGrad {
 public:
  explicit MaxPoolGrad(Construction& c) : window_(c.window()), size_(c.sizes("size", 1)) {}

  void compute(Call& call) const {
    const Tensor gradient = call.input(0, 4), argmax = call.input(1, 4);
    if (!gradient || !argmax || !call.expectSameShape(1, 0)) return;
    const int rows = gradient.dim(1), columns = gradient.dim(2);
    const bool fits = rows > 0 && columns > 0 && gradient.dim(3) > 0 && size_.rows / window_.rows == rows &&
                      size_.columns / window_.columns == columns;
    if (!call.expect(fits, "size", size_, "an image of %d x %d windows of %d x %d", rows, columns, window_.rows,
                     window_.columns))
      return;
    inTypeOf(gradient, [&](auto number) {
      using T = decltype(number);
      T* x = call.output<T>(0, gradient.type(), {gradient.size(0), size_.rows, size_.columns, gradient.size(3)});
      if (x == nullptr) return;
      expand(gradient.data<T>(), argmax.data<uint8_t>(), gradient.dim(0), rows, columns, gradient.dim(3),
             Window{window_.rows, window_.columns}, size_.rows, size_.columns, x);
    });
  }

 private:
  Sizes window_, size_;
};

CONVOY_REGISTER_OP(schema, MaxPoolGrad)

}  // namespace
}  // namespace convoy::max_pool_grad
