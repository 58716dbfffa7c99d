// Maximum pooling that remembers which element of each window was the maximum, and may take the ReLU of it.
// TensorFlow's does not remember, and its gradient looks for the maximum again.
#include "convolution/max.h"
#include "op/registration.h"

namespace convoy::max_pool {
namespace {

/** y[images, rows, columns, channels] and the argmax, in row order; of equal elements the first. */
template <typename T>
CONVOY_KERNEL void maxPool(const T* x, int images, int height, int width, int channels, Window window, bool rectified,
                           T* y, uint8_t* argmax) {
  const int rows = height / window.rows, columns = width / window.columns;
  for (int image = 0; image < images; image++) {
    for (int row = 0; row < rows; row++) {
      const T* line = x + ((int64_t)image * height + row * window.rows) * width * channels;
      for (int column = 0; column < columns; column++, y += channels, argmax += channels) {
        const T* corner = line + (int64_t)column * window.columns * channels;
        int channel = 0;
        for (; channel + lanes <= channels; channel += lanes) {
          Vector maximum = load(corner + channel);
          Integers at = {};
          for (int i = 0, q = 0; i < window.rows; i++) {
            const T* from = corner + (int64_t)i * width * channels + channel;
            for (int j = 0; j < window.columns; j++, q++, from += channels) {
              takeGreater(load(from), q, maximum, at);
            }
          }
          if (rectified) rectifyMaximum(maximum, at);
          store(y + channel, maximum);
          storeBytes(argmax + channel, at);
        }
        for (; channel < channels; channel++) {
          float maximum = loadOne(corner + channel);
          int at = 0;
          for (int q = 1; q < window.rows * window.columns; q++) {
            const int i = q / window.columns, j = q % window.columns;
            const float next = loadOne(corner + ((int64_t)i * width + j) * channels + channel);
            if (next > maximum || next != next) maximum = next, at = q;
          }
          if (rectified) {
            if (!(maximum > 0)) at = noArgmax;
            if (maximum < 0) maximum = 0;
          }
          storeOne(y + channel, maximum);
          argmax[channel] = (uint8_t)at;
        }
      }
    }
  }
}

void inferShapes(Shapes& shapes) {
  shapes.expectRank(0, 4);
  for (int output = 0; output < 2; output++) shapes.output(output, {{0, 0}, unknownSize, unknownSize, {0, 3}});
}

constexpr Schema schema = Schema("ConvoyMaxPool")
                              .input("x: T")
                              .output("y: T")
                              .output("argmax: uint8")
                              .attribute("window: list(int)")
                              .attribute("relu: bool = false")
                              .typed()
                              .shapes(inferShapes);

class MaxPool {
 public:
  explicit MaxPool(Construction& c) : window_(c.window()), rectified_(c.flag("relu")) {}

  void compute(Call& call) const {
    const Tensor x = call.input(0, 4);
    if (!x) return;
    const bool fits = x.dim(1) >= window_.rows && x.dim(2) >= window_.columns && x.dim(3) > 0;
    if (!call.expect(fits, 0, "images of at least %d x %d", window_.rows, window_.columns)) return;
    const int64_t dims[] = {x.size(0), x.dim(1) / window_.rows, x.dim(2) / window_.columns, x.size(3)};
    inTypeOf(x, [&](auto number) {
      using T = decltype(number);
      T* y = call.output<T>(0, x.type(), dims);
      uint8_t* argmax = call.output<uint8_t>(1, TF_UINT8, dims);
      if (!call.ok()) return;
      maxPool(x.data<T>(), x.dim(0), x.dim(1), x.dim(2), x.dim(3), Window{window_.rows, window_.columns}, rectified_, y,
              argmax);
    });
  }

 private:
  Sizes window_;
  bool rectified_;
};

CONVOY_REGISTER_OP(schema, MaxPool)

}  // namespace
}  // namespace convoy::max_pool
