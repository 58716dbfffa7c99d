// Convolutions with a maximum pooling of 2x2 after them: the convolution's own output, four times the pooling's, is
// never in memory.
#pragma once
#include "line-buffer.h"
#include "max.h"
#include "op/registration.h"
#include "row-sums.h"
#include "simd/operand.h"

namespace convoy {
namespace {

/** Vectors of outputs of a tile, and its windows side by side: their sums and operands fill the registers. */
constexpr int tileOutputs = 2;
constexpr int tileWindows = CONVOY_REGISTERS >= 32 ? 3 : 1;

/** Where patches are in a line buffer, and operands of a filter's row. */
struct Patches {
  size_t line;  // numbers of a row of the buffer
  int inputs, filterRows, rowOperands;
};

/** Sums of the four elements of some windows, [window][element][vector], from the first one's patch and a filter
 * [row][operand][output]. */
template <typename T, int windows, int vectors>
inline void convolveWindows(const Patches& p, const Stored<T>* patch, const float* filter,
                            Vector (&total)[windows][4][vectors]) {
  CONVOY_UNROLL
  for (int window = 0; window < windows; window++) {
    CONVOY_UNROLL
    for (int v = 0; v < vectors; v++)
      total[window][0][v] = total[window][1][v] = total[window][2][v] = total[window][3][v] = Vector{};
  }
  for (int row = 0; row < p.filterRows; row++, patch += p.line) {
    const Stored<T>*upper = patch, *lower = patch + p.line;
    for (int operand = 0; operand < p.rowOperands;
         operand++, upper += dotLength<T>, lower += dotLength<T>, filter += vectors * lanes) {
      Vector weights[vectors];
      CONVOY_UNROLL
      for (int v = 0; v < vectors; v++) weights[v] = load(filter + v * lanes);
      CONVOY_UNROLL
      for (int column = 0; column < 2 * windows; column++) {
        const Vector above = broadcastOperand(upper + column * p.inputs),
                     below = broadcastOperand(lower + column * p.inputs);
        CONVOY_UNROLL
        for (int v = 0; v < vectors; v++) {
          Vector& first = total[column / 2][column % 2][v];
          Vector& second = total[column / 2][2 + column % 2][v];
          first = multiplyAdd<T>(first, above, weights[v]);
          second = multiplyAdd<T>(second, below, weights[v]);
        }
      }
    }
  }
}

/** The maximum of a window's four elements and which it is. */
template <int vectors>
inline void maximumOf(const Vector (&elements)[4][vectors], int v, Vector bias, bool rectified, Vector& maximum,
                      Integers& at) {
  maximum = elements[0][v] + bias;
  at = Integers{};
  CONVOY_UNROLL
  for (int q = 1; q < 4; q++) takeGreater(elements[q][v] + bias, q, maximum, at);
  if (rectified) rectifyMaximum(maximum, at);
}

/** Stores the first numbers of a vector. */
template <typename T>
inline void storeSome(T* y, uint8_t* argmax, Vector maximum, Integers at, int some) {
  if (some >= lanes) {
    store(y, maximum);
    storeBytes(argmax, at);
    return;
  }
  T numbers[lanes];
  uint8_t bytes[lanes];
  store(numbers, maximum);
  storeBytes(bytes, at);
  memcpy(y, numbers, some * sizeof(T));
  memcpy(argmax, bytes, some);
}

/** What a row of windows is computed from, and where it goes, for a group of outputs; `outputs` are left from its first
 * on. */
template <typename T>
struct RowOfWindows {
  const Stored<T>* patch;
  const float* filter;
  const float* bias;
  bool rectified;
  int outputs;
  T* y;
  uint8_t* argmax;
};

template <typename T, int windows, int vectors>
inline void poolWindows(const PooledConvolution& c, const Patches& p, const RowOfWindows<T>& row, int column) {
  Vector total[windows][4][vectors];
  convolveWindows<T, windows, vectors>(p, row.patch + (size_t)2 * column * p.inputs, row.filter, total);
  CONVOY_UNROLL
  for (int window = 0; window < windows; window++) {
    CONVOY_UNROLL
    for (int v = 0; v < vectors; v++) {
      Vector maximum;
      Integers at;
      maximumOf(total[window], v, load(row.bias + v * lanes), row.rectified, maximum, at);
      const size_t to = (size_t)(column + window) * c.outputs + v * lanes;
      storeSome(row.y + to, row.argmax + to, maximum, at, row.outputs - v * lanes);
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

/** A filter as operands, [group of outputs][row][operand][output of the group]; zeros beyond the last output. */
template <typename T>
void packFilter(const PooledConvolution& c, const Patches& p, const T* filter, float* to) {
  constexpr int together = dotLength<T>;
  const int row = c.filterColumns * c.inputs;
  for (int first = 0; first < c.outputs; first += tileOutputs * lanes) {
    const int wide = c.outputs - first <= lanes ? lanes : tileOutputs * lanes;
    for (int k = 0; k < c.filterRows; k++) {
      for (int operand = 0; operand < p.rowOperands; operand++, to += wide) {
        const int at = operand * together;
        const T* from = filter + ((size_t)k * row + at) * c.outputs + first;
        for (int output = 0; output < wide; output++)
          to[output] = first + output < c.outputs ? packOperand<T>(from + output, c.outputs, row - at) : 0;
      }
    }
  }
}

template <typename T>
CONVOY_KERNEL void pooledConvolution(const PooledConvolution& c, const T* x, const T* filter, const T* bias,
                                     bool rectified, T* y, uint8_t* argmax) {
  static thread_local Scratch lineMemory, filterMemory, biasMemory;
  constexpr int together = dotLength<T>;
  const int columns = 2 * c.pooledColumns + c.filterColumns - 1;
  const Patches p = {(size_t)columns * c.inputs, c.inputs, c.filterRows,
                     (c.filterColumns * c.inputs + together - 1) / together};
  const int groups = (c.outputs + tileOutputs * lanes - 1) / (tileOutputs * lanes);
  const size_t groupOperands = (size_t)c.filterRows * p.rowOperands * tileOutputs * lanes;
  float* packed = filterMemory.take<float>(groups * groupOperands);
  packFilter(c, p, filter, packed);
  float* biases = biasMemory.take<float>(groups * tileOutputs * lanes);
  for (int output = 0; output < groups * tileOutputs * lanes; output++)
    biases[output] = output < c.outputs ? loadOne(bias + output) : 0;
  // As many pooled rows at once as stay in the first-level cache.
  int high = c.pooledRows;
  while (high > 1 && (2 * high + c.filterRows - 1) * p.line * sizeof(Stored<T>) > firstLevel) high--;
  Stored<T>* lines = lineMemory.take<Stored<T>>((2 * high + c.filterRows - 1) * p.line + together);
  const size_t pooledLine = (size_t)c.pooledColumns * c.outputs;
  for (int image = 0; image < c.images; image++, x += (size_t)c.height * c.width * c.inputs) {
    for (int first = 0; first < c.pooledRows; first += high) {
      const int count = c.pooledRows - first < high ? c.pooledRows - first : high;
      const int rows = 2 * count + c.filterRows - 1;
      fillLineBuffer(x, c.height, c.width, c.inputs, 2 * first - c.top, c.left, rows, columns, lines);
      for (int i = 0; i < together; i++)
        storeOne(lines + rows * p.line + i, 0);  // read by the last operand of the last row
      for (int group = 0; group < groups; group++) {
        const int output = group * tileOutputs * lanes;
        const float* own = packed + group * groupOperands;
        const auto pool = c.outputs - output <= lanes ? poolRow<T, 1> : poolRow<T, tileOutputs>;
        for (int row = 0; row < count; row++) {
          const size_t to = ((size_t)image * c.pooledRows + first + row) * pooledLine + output;
          pool(c, p,
               {lines + 2 * row * p.line, own, biases + output, rectified, c.outputs - output, y + to, argmax + to});
        }
      }
    }
  }
}

/** Checks and runs one of the two ops. `into`, if there is one, is the index of the input whose memory is the output.
 */
inline void runPooledConvolution(Call& call, Sizes padding, Sizes size, bool rectified, int into = -1) {
  const Tensor x = call.input(0, 4), filter = call.input(1, 4);
  if (!x || !filter || !call.expect(filter.size(2) == x.size(3), 1, "%d input channels", x.dim(3))) return;
  const PooledConvolution c = {x.dim(0),      x.dim(1),  x.dim(2),     x.dim(3),     filter.dim(0),   filter.dim(1),
                               filter.dim(3), size.rows, size.columns, padding.rows, padding.columns, {2, 2}};
  if (!expectPooled(call, 0, c)) return;
  const int64_t dims[] = {c.images, c.pooledRows, c.pooledColumns, c.outputs};
  inTypeOf(x, [&](auto number) {
    using T = decltype(number);
    const T* bias = call.vector<T>(2, c.outputs);
    T* y;
    if (into >= 0) {
      const Tensor memory = call.input(into, 4);
      if (!memory) return;
      bool same = true;
      for (int axis = 0; axis < 4; axis++) same = same && memory.size(axis) == dims[axis];
      if (!call.expect(same, into, "[%d, %d, %d, %d]", c.images, c.pooledRows, c.pooledColumns, c.outputs)) return;
      y = memory.writable<T>();
    } else {
      y = call.output<T>(0, x.type(), dims);
    }
    uint8_t* argmax = call.output<uint8_t>(1, TF_UINT8, dims);
    if (!call.ok()) return;
    pooledConvolution(c, x.data<T>(), filter.data<T>(), bias, rectified, y, argmax);
    if (into >= 0) call.give(0, into);
  });
}

}  // namespace
}  // namespace convoy
