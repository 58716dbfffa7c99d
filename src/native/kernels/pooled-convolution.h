// Convolutions with a maximum pooling of 2x2 behind them: the convolution's own output, four times the pooling's, is never
// in memory.
#pragma once
#include "max-pool.h"
#include "rows.h"
#include "strip.h"
#include "words.h"

namespace convoy {
namespace {

/** Vectors of outputs of a tile, and windows side by side: their sums and what is multiplied fill the registers. */
constexpr int tileOutputs = 2;
constexpr int tileWindows = lanes == 16 ? 3 : 1;

/** Where patches lie in a strip, and the filter's rows in words. */
struct Patches {
  size_t line;  // numbers of a row of the strip
  int inputs, filterRows, rowWords;
};

/** Sums of the four elements of some windows, [window][element][vector], from the first one's patch and a filter [row][word][output]. */
template <typename T, int windows, int vectors>
inline void convolveWindows(const Patches& p, const Kept<T>* patch, const float* filter, Vector (&total)[windows][4][vectors]) {
  CONVOY_UNROLL
  for (int window = 0; window < windows; window++) {
    CONVOY_UNROLL
    for (int v = 0; v < vectors; v++) total[window][0][v] = total[window][1][v] = total[window][2][v] = total[window][3][v] = Vector{};
  }
  for (int row = 0; row < p.filterRows; row++, patch += p.line) {
    const Kept<T>*upper = patch, *lower = patch + p.line;
    for (int word = 0; word < p.rowWords; word++, upper += numbersOfWord<T>, lower += numbersOfWord<T>, filter += vectors * lanes) {
      Vector weights[vectors];
      CONVOY_UNROLL
      for (int v = 0; v < vectors; v++) weights[v] = load(filter + v * lanes);
      CONVOY_UNROLL
      for (int column = 0; column < 2 * windows; column++) {
        const Vector above = broadcastWord(upper + column * p.inputs), below = broadcastWord(lower + column * p.inputs);
        CONVOY_UNROLL
        for (int v = 0; v < vectors; v++) {
          Vector& first = total[column / 2][column % 2][v];
          Vector& second = total[column / 2][2 + column % 2][v];
          first = addProduct<T>(first, above, weights[v]);
          second = addProduct<T>(second, below, weights[v]);
        }
      }
    }
  }
}

/** The greatest of a window's four elements and which it is, as `maxPool` has it. */
template <int vectors>
inline void greatest(const Vector (&elements)[4][vectors], int v, Vector bias, bool rectified, Vector& most, Integers& at) {
  most = elements[0][v] + bias;
  at = Integers{};
  CONVOY_UNROLL
  for (int q = 1; q < 4; q++) takeGreater(elements[q][v] + bias, q, most, at);
  if (rectified) rectifyMost(most, at);
}

/** The first of a vector's numbers. */
template <typename T>
inline void storeSome(T* y, uint8_t* place, Vector most, Integers at, int some) {
  if (some >= lanes) {
    store(y, most);
    narrow(place, at);
    return;
  }
  T numbers[lanes];
  uint8_t bytes[lanes];
  store(numbers, most);
  narrow(bytes, at);
  memcpy(y, numbers, some * sizeof(T));
  memcpy(place, bytes, some);
}

/** What a row of windows is computed from and goes to, for some outputs, of which there are `outputs` left. */
template <typename T>
struct RowOfWindows {
  const Kept<T>* patch;
  const float* filter;
  const float* bias;
  bool rectified;
  int outputs;
  T* y;
  uint8_t* place;
};

template <typename T, int windows, int vectors>
inline void poolWindows(const PooledConvolution& c, const Patches& p, const RowOfWindows<T>& row, int column) {
  Vector total[windows][4][vectors];
  convolveWindows<T, windows, vectors>(p, row.patch + (size_t)2 * column * p.inputs, row.filter, total);
  CONVOY_UNROLL
  for (int window = 0; window < windows; window++) {
    CONVOY_UNROLL
    for (int v = 0; v < vectors; v++) {
      Vector most;
      Integers at;
      greatest(total[window], v, load(row.bias + v * lanes), row.rectified, most, at);
      const size_t to = (size_t)(column + window) * c.outputs + v * lanes;
      storeSome(row.y + to, row.place + to, most, at, row.outputs - v * lanes);
    }
  }
}

template <typename T, int vectors>
void poolRow(const PooledConvolution& c, const Patches& p, const RowOfWindows<T>& row) {
  // A tile of one window has too few sums to keep the units busy: of four left over, two tiles of two are quicker.
  int column = 0;
  for (int left = c.pooledColumns; left > 0; left = c.pooledColumns - column) {
    if (left >= 3 && left != 4 && tileWindows == 3) {
      poolWindows<T, tileWindows, vectors>(c, p, row, column);
      column += tileWindows;
    } else if (left >= 2 && tileWindows > 1) {
      poolWindows<T, 2, vectors>(c, p, row, column);
      column += 2;
    } else {
      poolWindows<T, 1, vectors>(c, p, row, column);
      column++;
    }
  }
}

/** A filter as words, [vectors of outputs][row][word][output of the vectors], zeros where there is none. */
template <typename T>
void packFilter(const PooledConvolution& c, const Patches& p, const T* filter, float* to) {
  constexpr int together = numbersOfWord<T>;
  const int row = c.filterColumns * c.inputs;
  for (int first = 0; first < c.outputs; first += tileOutputs * lanes) {
    const int wide = c.outputs - first <= lanes ? lanes : tileOutputs * lanes;
    for (int k = 0; k < c.filterRows; k++) {
      for (int word = 0; word < p.rowWords; word++, to += wide) {
        const int at = word * together;
        const T* from = filter + ((size_t)k * row + at) * c.outputs + first;
        for (int output = 0; output < wide; output++) to[output] = first + output < c.outputs ? wordOf<T>(from + output, c.outputs, row - at) : 0;
      }
    }
  }
}

template <typename T>
void pooledConvolution(const PooledConvolution& c, const T* x, const T* filter, const T* bias, bool rectified, T* y, uint8_t* place) {
  static thread_local Scratch stripMemory, filterMemory, biasMemory;
  constexpr int together = numbersOfWord<T>;
  const int columns = 2 * c.pooledColumns + c.filterColumns - 1;
  const Patches p = {(size_t)columns * c.inputs, c.inputs, c.filterRows, (c.filterColumns * c.inputs + together - 1) / together};
  const int groups = (c.outputs + tileOutputs * lanes - 1) / (tileOutputs * lanes);
  const size_t groupWords = (size_t)c.filterRows * p.rowWords * tileOutputs * lanes;
  float* packed = filterMemory.take<float>(groups * groupWords);
  packFilter(c, p, filter, packed);
  float* biases = biasMemory.take<float>(groups * tileOutputs * lanes);
  for (int output = 0; output < groups * tileOutputs * lanes; output++) biases[output] = output < c.outputs ? loadOne(bias + output) : 0;
  // As many pooled rows at once as stay in the first-level cache.
  int high = c.pooledRows;
  while (high > 1 && (2 * high + c.filterRows - 1) * p.line * sizeof(Kept<T>) > firstLevel) high--;
  Kept<T>* strip = stripMemory.take<Kept<T>>((2 * high + c.filterRows - 1) * p.line + together);
  const size_t pooledLine = (size_t)c.pooledColumns * c.outputs;
  for (int image = 0; image < c.images; image++, x += (size_t)c.height * c.width * c.inputs) {
    for (int first = 0; first < c.pooledRows; first += high) {
      const int count = c.pooledRows - first < high ? c.pooledRows - first : high;
      const int rows = 2 * count + c.filterRows - 1;
      copyStrip(x, c.height, c.width, c.inputs, 2 * first - c.top, c.left, rows, columns, strip);
      for (int i = 0; i < together; i++) storeOne(strip + rows * p.line + i, 0);  // read by the last word of the last row
      for (int group = 0; group < groups; group++) {
        const int output = group * tileOutputs * lanes;
        const float* own = packed + group * groupWords;
        const auto pool = c.outputs - output <= lanes ? poolRow<T, 1> : poolRow<T, tileOutputs>;
        for (int row = 0; row < count; row++) {
          const size_t to = ((size_t)image * c.pooledRows + first + row) * pooledLine + output;
          pool(c, p, {strip + 2 * row * p.line, own, biases + output, rectified, c.outputs - output, y + to, place + to});
        }
      }
    }
  }
}

}  // namespace
}  // namespace convoy
