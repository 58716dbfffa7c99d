// Convolution of few input channels, bias, ReLU and dropout in one, with vectors along the outputs. TensorFlow takes a
// pass over memory for each.
#include "convolution/taps.h"
#include "op/registration.h"

namespace convoy::narrow_dropout {
namespace {

/** Operands of a row of the filter. */
template <typename T>
inline int rowOperands(const NarrowConvolution& c) {
  return (c.filterColumns * c.inputs + dotLength<T> - 1) / dotLength<T>;
}

/**
 * `wide` vectors of outputs for each of some neighbouring columns, from line buffers at their first input and a filter
 * [row][operand][output]; `mask` and `y` begin at their first output.
 */
template <int columns, int wide, typename T>
void convolveColumns(const NarrowConvolution& c, const Stored<T>* from, size_t line, const float* filter,
                     const float* bias, const uint8_t* mask, T* y) {
  Vector total[columns][wide];
  CONVOY_UNROLL
  for (int v = 0; v < wide; v++) {
    CONVOY_UNROLL
    for (int column = 0; column < columns; column++) total[column][v] = load(bias + v * lanes);
  }
  const int operands = rowOperands<T>(c);
  for (int k = 0; k < c.filterRows; k++, from += line) {
    const Stored<T>* neighbours[columns];
    CONVOY_UNROLL
    for (int column = 0; column < columns; column++) neighbours[column] = from + column * c.inputs;
    for (int operand = 0; operand < operands; operand++, filter += c.outputs) {
      Vector value[columns];
      CONVOY_UNROLL
      for (int column = 0; column < columns; column++)
        value[column] = broadcastOperand(neighbours[column] + operand * dotLength<T>);
      CONVOY_UNROLL
      for (int v = 0; v < wide; v++) {
        const Vector weight = load(filter + v * lanes);
        CONVOY_UNROLL
        for (int column = 0; column < columns; column++)
          total[column][v] = multiplyAdd<T>(total[column][v], value[column], weight);
      }
    }
  }
  CONVOY_UNROLL
  for (int column = 0; column < columns; column++) {
    CONVOY_UNROLL
    for (int v = 0; v < wide; v++) {
      const size_t at = (size_t)column * c.outputs + v * lanes;
      const Integers dropped = (total[column][v] < 0) | (loadBytes(mask + at) == 0);  // NaN is passed on
      store(y + at, dropped ? Vector{} : total[column][v]);
    }
  }
}

template <typename T>
using ConvolveColumns = void (*)(const NarrowConvolution&, const Stored<T>*, size_t, const float*, const float*,
                                 const uint8_t*, T*);
template <typename T>
constexpr ConvolveColumns<T> byFour[4] = {nullptr, convolveColumns<1, 4>, convolveColumns<2, 4>, convolveColumns<3, 4>};
template <typename T>
constexpr ConvolveColumns<T> byTwo[7] = {nullptr,
                                         convolveColumns<1, 2>,
                                         convolveColumns<2, 2>,
                                         convolveColumns<3, 2>,
                                         convolveColumns<4, 2>,
                                         convolveColumns<5, 2>,
                                         convolveColumns<6, 2>};
template <typename T>
constexpr ConvolveColumns<T> byOne[7] = {nullptr,
                                         convolveColumns<1, 1>,
                                         convolveColumns<2, 1>,
                                         convolveColumns<3, 1>,
                                         convolveColumns<4, 1>,
                                         convolveColumns<5, 1>,
                                         convolveColumns<6, 1>};

template <typename T>
CONVOY_KERNEL void narrowDropout(const NarrowConvolution& c, const T* x, const T* ownFilter, const T* ownBias,
                                 const uint8_t* mask, T* y) {
  static thread_local Scratch lineMemory, filterMemory, biasMemory;
  constexpr int together = dotLength<T>;
  const int operands = rowOperands<T>(c), filterRow = c.filterColumns * c.inputs;
  float* filter = filterMemory.take<float>((size_t)c.filterRows * operands * c.outputs);
  for (int k = 0; k < c.filterRows; k++) {
    for (int operand = 0; operand < operands; operand++) {
      const int at = operand * together;
      const T* from = ownFilter + ((size_t)k * filterRow + at) * c.outputs;
      float* to = filter + (size_t)(k * operands + operand) * c.outputs;
      for (int output = 0; output < c.outputs; output++)
        to[output] = packOperand<T>(from + output, c.outputs, filterRow - at);
    }
  }
  const float* bias = asFloats(ownBias, c.outputs, biasMemory);
  const int columns = c.columns + c.filterColumns - 1;
  const size_t line = (size_t)columns * c.inputs;
  Stored<T>* lines = lineMemory.take<Stored<T>>(c.filterRows * line + together);
  for (int i = 0; i < together; i++)
    storeOne(lines + c.filterRows * line + i, 0);  // read by the last operand of the last row
  const size_t row = (size_t)c.columns * c.outputs;
  for (int image = 0; image < c.images; image++) {
    for (int i = 0; i < c.rows; i++, y += row, mask += row) {
      fillLineBuffer(x + (size_t)image * c.height * c.width * c.inputs, c.height, c.width, c.inputs, i - c.top, c.left,
                     c.filterRows, columns, lines);
      int output = 0;
      const auto convolve = [&](const ConvolveColumns<T>* tiles, int most) {
        inTiles(c.columns, most, [&](int column, int count) {
          const size_t at = (size_t)column * c.outputs + output;
          tiles[count](c, lines + (size_t)column * c.inputs, line, filter + output, bias + output, mask + at, y + at);
        });
      };
      for (; output + 4 * lanes <= c.outputs; output += 4 * lanes) convolve(byFour<T>, 3);
      for (; output + 2 * lanes <= c.outputs; output += 2 * lanes) convolve(byTwo<T>, 6);
      for (; output + lanes <= c.outputs; output += lanes) convolve(byOne<T>, 6);
      for (; output < c.outputs; output++) {
        for (int column = 0; column < c.columns; column++) {
          const size_t at = (size_t)column * c.outputs + output;
          float total = bias[output];
          const T* weight = ownFilter + output;
          for (int k = 0; k < c.filterRows; k++) {
            const Stored<T>* from = lines + k * line + (size_t)column * c.inputs;
            for (int t = 0; t < filterRow; t++, weight += c.outputs) total += loadOne(from + t) * loadOne(weight);
          }
          storeOne(y + at, total < 0 || mask[at] == 0 ? 0 : total);
        }
      }
    }
  }
}

void inferShapes(Shapes& shapes) {
  shapes.expectRank(0, 4);
  shapes.expectRank(1, 4);
  shapes.expectEqual({1, 2}, {0, 3});
  shapes.expectRank(2, 1);
  shapes.expectEqual({2, 0}, {1, 3});
  shapes.expectRank(3, 4);
  shapes.expectEqual({3, 0}, {0, 0});
  shapes.expectEqual({3, 3}, {1, 3});
  shapes.outputLike(0, 3);
}

constexpr Schema schema = Schema("ConvoyNarrowDropout")
                              .input("x: T")
                              .input("filter: T")
                              .input("bias: T")
                              .input("mask: uint8")
                              .output("y: T")
                              .attribute("padding: list(int)")
                              .typed()
                              .shapes(inferShapes);

class NarrowDropout {
 public:
  explicit NarrowDropout(Construction& c) : padding_(c.sizes("padding", 0)) {}

  void compute(Call& call) const {
    const Tensor x = call.input(0, 4), filter = call.input(1, 4), mask = call.input(3, 4);
    if (!x || !filter || !mask || !call.expect(filter.size(2) == x.size(3), 1, "%d input channels", x.dim(3))) return;
    const bool like = mask.size(0) == x.size(0) && mask.size(3) == filter.size(3);
    if (!call.expect(like, 3, "%d images of %d channels", x.dim(0), filter.dim(3))) return;
    const NarrowConvolution c = {x.dim(0),      x.dim(1),    x.dim(2),    x.dim(3),      filter.dim(0),   filter.dim(1),
                                 filter.dim(3), mask.dim(1), mask.dim(2), padding_.rows, padding_.columns};
    if (!expectNarrow(call, 0, 3, c)) return;
    inTypeOf(x, [&](auto number) {
      using T = decltype(number);
      const T* bias = call.vector<T>(2, c.outputs);
      T* y = call.output<T>(0, x.type(), {c.images, c.rows, c.columns, c.outputs});
      if (call.ok()) narrowDropout(c, x.data<T>(), filter.data<T>(), bias, mask.data<uint8_t>(), y);
    });
  }

 private:
  Sizes padding_;
};

CONVOY_REGISTER_OP(schema, NarrowDropout)

}  // namespace
}  // namespace convoy::narrow_dropout
