// Convolutions by Winograd's minimal filtering, and the gradients of their filters. Tiles of the output, of all images
// one behind the other, go through in blocks: inputs to points, products at each point, points to outputs. All sums are
// of float32.
#pragma once
#include "memory/scratch.h"
#include "shapes.h"
#include "winograd-products.h"
#include "winograd-transforms.h"

namespace convoy {
namespace {

/** A convolution of stride 1 with a square filter; its output is [images, rows, columns, outputs]. */
struct WinogradConvolution {
  int images, height, width, inputs;
  int outputs;
  int rows, columns;
  int top, left;  // zeros above and to the left of x
};

/** Filters that there are transforms for. */
inline bool isWinogradSide(int64_t side) { return side == 3 || side == 5; }

inline bool expectWinogradFilter(Call& call, int filter, int64_t rows, int64_t columns) {
  return call.expect(isWinogradSide(rows) && rows == columns, filter, "a filter of 3 x 3 or 5 x 5");
}

/** Expects every output to see at least one row and column of x, which is input `x`, and offsets that are ints. */
inline bool expectWinograd(Call& call, int x, int side, const WinogradConvolution& c) {
  if (!expectSizes(call, x, c.height, c.width, c.inputs, side, side, c.outputs)) return false;
  if (!expectPadding(call, {c.top, c.left}, side, side)) return false;
  const bool fits = c.rows > 0 && c.columns > 0 && static_cast<int64_t>(c.rows) - c.top <= c.height &&
                    static_cast<int64_t>(c.columns) - c.left <= c.width;
  // Tiles reach beyond the outputs, and points are more than taps.
  const int64_t reach = 8;
  return call.expect(fits && fitsInt(c.rows + reach, c.columns + reach, c.outputs + vectorRoom) &&
                         fitsInt(64, c.inputs + vectorRoom, c.outputs + vectorRoom),
                     x, "an image of which every output sees a part, and fewer than 2^31 numbers");
}

/** Tiles of an output, in the order of images, rows and columns. */
template <typename F>
struct Tiles {
  int across, inImage;
  int64_t count;

  explicit Tiles(const WinogradConvolution& c)
      : across((c.columns + F::outputs - 1) / F::outputs),
        inImage((c.rows + F::outputs - 1) / F::outputs * across),
        count((int64_t)c.images * inImage) {}

  /** Image, and first row and column of a tile's output. */
  struct Place {
    int image, row, column;
  };

  Place place(int64_t tile) const {
    const int own = (int)(tile % inImage);
    return {(int)(tile / inImage), own / across * F::outputs, own % across * F::outputs};
  }
};

/** Numbers from row to row of a matrix of channels: powers of two would share few sets of a cache. */
inline size_t spread(int channels) { return roundUp(channels) + lanes; }

/** Tiles of a block. What they become stays in the second-level cache, unless a filter would be used too seldom then.
 */
template <typename F>
inline int tilesOfBlock(int inputs, int outputs) {
  const int64_t bytes = F::points * F::points * (int64_t)(spread(inputs) + spread(outputs)) * sizeof(float);
  const int64_t fitting = (768 << 10) / bytes / 12 * 12;
  return (int)(fitting < 48 ? 48 : fitting > 192 ? 192 : fitting);
}

/** A vector of channels of which only some are there; zeros beyond. */
template <typename T>
inline Vector loadSome(const T* from, int some) {
  if (some >= lanes) return load(from);
  Vector v = {};
  for (int i = 0; i < some; i++) v[i] = loadOne(from + i);
  return v;
}

template <typename T>
inline void storeSome(T* to, Vector v, int some) {
  if (some >= lanes) return store(to, v);
  for (int i = 0; i < some; i++) storeOne(to + i, v[i]);
}

/** The places of a square of an image; those that it has not are zeros. */
template <typename T, int side>
struct Square {
  const T* at[side * side];

  Square(const T* image, int height, int width, int channels, int row, int column, const T* zeros) {
    for (int i = 0; i < side; i++) {
      for (int j = 0; j < side; j++) {
        const int y = row + i, x = column + j;
        const bool inside = y >= 0 && y < height && x >= 0 && x < width;
        at[i * side + j] = inside ? image + ((size_t)y * width + x) * channels : zeros;
      }
    }
  }

  inline void read(int channel, int some, Vector* to) const {
    CONVOY_UNROLL
    for (int i = 0; i < side * side; i++) to[i] = loadSome(at[i] + channel, some);
  }
};

/** Zeros for a place beyond an image. */
template <typename T>
const T* takeZeros(Scratch& memory, int channels) {
  T* zeros = memory.take<T>(roundUp(channels));
  memset((void*)zeros, 0, roundUp(channels) * sizeof(T));
  return zeros;
}

/** Matrices [row][channel], one a point. */
struct PointMatrices {
  float* at;
  size_t step, plane;

  PointMatrices(Scratch& memory, int points, int rows, int channels) : step(spread(channels)), plane(step * rows) {
    at = memory.take<float>(points * plane);
  }

  template <int points>
  inline void write(int row, int channel, const Vector* values) const {
    float* to = at + row * step + channel;
    CONVOY_UNROLL
    for (int point = 0; point < points; point++) store(to + point * plane, values[point]);
  }

  template <int points>
  inline void read(int row, int channel, Vector* values) const {
    const float* from = at + row * step + channel;
    CONVOY_UNROLL
    for (int point = 0; point < points; point++) values[point] = load(from + point * plane);
  }
};

template <typename F, typename T>
void inputsToPoints(const WinogradConvolution& c, const Tiles<F>& tiles, int64_t first, int count, const T* x,
                    const T* zeros, const PointMatrices& to) {
  constexpr int n = F::points;
  for (int tile = 0; tile < count; tile++) {
    const auto place = tiles.place(first + tile);
    const Square<T, n> square(x + (size_t)place.image * c.height * c.width * c.inputs, c.height, c.width, c.inputs,
                              place.row - c.top, place.column - c.left, zeros);
    for (int channel = 0; channel < c.inputs; channel += lanes) {
      Vector values[n * n], points[n * n];
      square.read(channel, c.inputs - channel, values);
      F::inputsToPoints(values, points);
      to.template write<n * n>(tile, channel, points);
    }
  }
}

/** A filter [taps][taps][rows][columns] as to[point][panel of columns][row][column of the panel], zeros behind the
 * last. */
template <typename F, typename T>
void filterToPoints(const T* filter, int rows, int columns, float* to, size_t plane) {
  constexpr int n = F::points, r = F::taps;
  const int vectors = roundUp(columns) / lanes;
  for (int v = 0, wide; v < vectors; v += wide) {
    wide = panelWidth(vectors - v);
    for (int row = 0; row < rows; row++) {
      for (int own = 0; own < wide; own++) {
        const int column = (v + own) * lanes;
        Vector taps[r * r], points[n * n];
        CONVOY_UNROLL
        for (int i = 0; i < r * r; i++)
          taps[i] = loadSome(filter + ((size_t)i * rows + row) * columns + column, columns - column);
        F::template valuesAtPoints<r>(taps, points);
        float* at = to + (size_t)v * lanes * rows + ((size_t)row * wide + own) * lanes;
        CONVOY_UNROLL
        for (int i = 0; i < n * n; i++) store(at + i * plane, points[i]);
      }
    }
  }
}

/** What is done to an output: a bias, where there is one, and a ReLU. */
template <typename T>
struct Ending {
  const T* bias;
  bool rectified;
};

template <typename F, typename T>
void pointsToOutputs(const WinogradConvolution& c, const Tiles<F>& tiles, int64_t first, int count,
                     const PointMatrices& from, Ending<T> ending, T* y) {
  constexpr int n = F::points, m = F::outputs;
  for (int tile = 0; tile < count; tile++) {
    const auto place = tiles.place(first + tile);
    const int high = c.rows - place.row < m ? c.rows - place.row : m;
    const int broad = c.columns - place.column < m ? c.columns - place.column : m;
    T* to = y + (((size_t)place.image * c.rows + place.row) * c.columns + place.column) * c.outputs;
    for (int channel = 0; channel < c.outputs; channel += lanes) {
      const int some = c.outputs - channel;
      Vector points[n * n], outputs[m * m];
      from.template read<n * n>(tile, channel, points);
      F::template pointsToOutputs<m>(points, outputs);
      const Vector bias = ending.bias == nullptr ? Vector{} : loadSome(ending.bias + channel, some);
      CONVOY_UNROLL
      for (int i = 0; i < m; i++) {
        if (i >= high) continue;
        CONVOY_UNROLL
        for (int j = 0; j < m; j++) {
          if (j >= broad) continue;
          Vector value = outputs[i * m + j] + bias;
          if (ending.rectified) value = value < 0 ? Vector{} : value;  // NaN is passed on
          storeSome(to + ((size_t)i * c.columns + j) * c.outputs + channel, value, some);
        }
      }
    }
  }
}

/** y = x convolved with a filter [taps][taps][inputs][outputs] of type From. */
template <typename F, typename T, typename From>
void winogradConvolution(const WinogradConvolution& c, const T* x, const From* filter, Ending<T> ending, T* y) {
  static thread_local Scratch filterMemory, inputMemory, outputMemory, zeroMemory;
  constexpr int all = F::points * F::points;
  const Tiles<F> tiles(c);
  const int vectors = roundUp(c.outputs) / lanes, most = tilesOfBlock<F>(c.inputs, c.outputs);
  const size_t plane = (size_t)c.inputs * vectors * lanes;
  float* points = filterMemory.take<float>(all * plane);
  const PointMatrices inputs(inputMemory, all, most, c.inputs), outputs(outputMemory, all, most, c.outputs);
  const T* zeros = takeZeros<T>(zeroMemory, c.inputs);
  filterToPoints<F>(filter, c.inputs, c.outputs, points, plane);
  for (int64_t first = 0; first < tiles.count; first += most) {
    const int count = (int)(tiles.count - first < most ? tiles.count - first : most);
    inputsToPoints<F>(c, tiles, first, count, x, zeros, inputs);
    for (int point = 0; point < all; point++) {
      const float* own = points + point * plane;
      const auto panel = [&](int v) { return own + (size_t)v * lanes * c.inputs; };
      multiplyMatrices(
          inputs.at + point * inputs.plane, {inputs.step, 1}, count, panel,
          [](int wide) { return (size_t)wide * lanes; }, c.inputs, vectors, false, outputs.at + point * outputs.plane,
          outputs.step);
    }
    pointsToOutputs<F>(c, tiles, first, count, outputs, ending, y);
  }
}

/** Points of the output's gradient; `sums`, where it is not null, gets what each channel adds up to. */
template <typename F, typename T>
void gradientsToPoints(const WinogradConvolution& c, const Tiles<F>& tiles, int64_t first, int count, const T* g,
                       const T* zeros, const PointMatrices& to, float* sums) {
  constexpr int n = F::points, m = F::outputs;
  for (int tile = 0; tile < count; tile++) {
    const auto place = tiles.place(first + tile);
    const Square<T, m> square(g + (size_t)place.image * c.rows * c.columns * c.outputs, c.rows, c.columns, c.outputs,
                              place.row, place.column, zeros);
    for (int channel = 0; channel < c.outputs; channel += lanes) {
      Vector values[m * m], points[n * n];
      square.read(channel, c.outputs - channel, values);
      F::template valuesAtPoints<m>(values, points);
      to.template write<n * n>(tile, channel, points);
      if (sums == nullptr) continue;
      Vector sum = load(sums + channel);
      CONVOY_UNROLL
      for (int i = 0; i < m * m; i++) sum += values[i];
      store(sums + channel, sum);
    }
  }
}

/** Sums of float32 over a block, of float64 over blocks. */
inline void addBlock(float* block, int count, double* sums) {
  for (int i = 0; i < count; i++) {
    sums[i] += block[i];
    block[i] = 0;
  }
}

/** The gradients of a filter [taps][taps][inputs][outputs] and, where `bias` is not null, of a bias from the output's.
 */
template <typename F, typename T>
void winogradFilterGradient(const WinogradConvolution& c, const T* x, const T* g, T* filter, T* bias) {
  static thread_local Scratch sumMemory, inputMemory, gradientMemory, zeroMemory, blockMemory, biasMemory;
  constexpr int n = F::points, r = F::taps, all = n * n;
  const Tiles<F> tiles(c);
  const int channels = roundUp(c.outputs), vectors = channels / lanes, most = tilesOfBlock<F>(c.inputs, c.outputs);
  const size_t plane = (size_t)channels * c.inputs;
  float* sums = sumMemory.take<float>(all * plane);
  const PointMatrices inputs(inputMemory, all, most, c.inputs), gradients(gradientMemory, all, most, c.outputs);
  const T* zeros = takeZeros<T>(zeroMemory, c.inputs > c.outputs ? c.inputs : c.outputs);
  float* block = blockMemory.take<float>(channels);
  double* biases = biasMemory.take<double>(channels);
  for (int i = 0; i < channels; i++) block[i] = 0, biases[i] = 0;
  if (tiles.count == 0) memset(sums, 0, all * plane * sizeof(float));
  for (int64_t first = 0; first < tiles.count; first += most) {
    const int count = (int)(tiles.count - first < most ? tiles.count - first : most);
    inputsToPoints<F>(c, tiles, first, count, x, zeros, inputs);
    gradientsToPoints<F>(c, tiles, first, count, g, zeros, gradients, bias == nullptr ? nullptr : block);
    addBlock(block, channels, biases);
    for (int point = 0; point < all; point++) {
      const float* own = gradients.at + point * gradients.plane;
      multiplyMatrices(
          inputs.at + point * inputs.plane, {1, inputs.step}, c.inputs, [&](int v) { return own + v * lanes; },
          [&](int) { return gradients.step; }, count, vectors, first > 0, sums + point * plane, channels);
    }
  }
  for (int input = 0; input < c.inputs; input++) {
    for (int channel = 0; channel < c.outputs; channel += lanes) {
      Vector points[all], taps[r * r];
      const float* from = sums + (size_t)input * channels + channel;
      CONVOY_UNROLL
      for (int point = 0; point < all; point++) points[point] = load(from + point * plane);
      F::template pointsToOutputs<r>(points, taps);
      T* to = filter + (size_t)input * c.outputs + channel;
      CONVOY_UNROLL
      for (int i = 0; i < r * r; i++) storeSome(to + (size_t)i * c.inputs * c.outputs, taps[i], c.outputs - channel);
    }
  }
  for (int i = 0; bias != nullptr && i < c.outputs; i++) storeOne(bias + i, (float)biases[i]);
}

/** A filter [places][rows][columns] turned around and transposed, to[places][columns][rows]: what a gradient of x
 * takes. */
template <typename T>
void turnFilter(const T* filter, int places, int rows, int columns, float* to) {
  constexpr int side = 16;
  const size_t size = (size_t)rows * columns;
  for (int place = 0; place < places; place++, filter += size) {
    float* own = to + (places - 1 - place) * size;
    for (int row = 0; row < rows; row += side) {
      for (int column = 0; column < columns; column += side) {
        for (int j = column; j < column + side && j < columns; j++) {
          for (int i = row; i < row + side && i < rows; i++)
            own[(size_t)j * rows + i] = loadOne(filter + (size_t)i * columns + j);
        }
      }
    }
  }
}

}  // namespace
}  // namespace convoy
