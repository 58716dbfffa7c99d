// Products AB' of rows with rows: of each row of A[samples, inner] with each of B[rows, inner]. B is read once, as it lies:
// where there are few samples, rearranging it, as TensorFlow's products do, costs as much as multiplying.
#pragma once
#include "strip.h"
#include "transpose.h"
#include "words.h"

namespace convoy {
namespace {

/** Rows of B of a tile, by two vectors of samples: sums and operands fill the registers. */
constexpr int rowsOfTile = lanes == 16 ? 12 : 6;
constexpr int samplesOfTile = 2 * lanes;
/** Rows of B whose products are turned together: whole tiles, and whole vectors of the result. */
constexpr int rowsTogether = 48;
static_assert(rowsTogether % rowsOfTile == 0 && rowsTogether % lanes == 0);

/** A as [panel of samples][inner][samplesOfTile], zeros where there is no sample. */
inline void packSamples(const float* a, int samples, int inner, float* to) {
  for (int first = 0; first < samples; first += lanes) {
    const int half = first / lanes % 2;
    float* panel = to + (size_t)(first / samplesOfTile) * samplesOfTile * inner + half * lanes;
    for (int n = 0; n < inner; n += lanes) {
      const int some = inner - n < lanes ? inner - n : lanes;
      Integers values[lanes] = {};
      for (int i = 0; i < lanes && first + i < samples; i++) {
        const float* from = a + (size_t)(first + i) * inner + n;
        if (some == lanes) values[i] = (Integers)load(from);
        else memcpy(values + i, from, some * sizeof(float));
      }
      transpose(values);
      for (int i = 0; i < some; i++) store(panel + (size_t)(n + i) * samplesOfTile, (Vector)values[i]);
    }
    // A last panel that is but half full.
    if (half == 0 && first + lanes >= samples) {
      for (int n = 0; n < inner; n++) store(panel + (size_t)n * samplesOfTile + lanes, Vector{});
    }
  }
}

/** to[row][sample]: products of a tile's rows, `inner` apart, with a panel of samples. */
inline void multiplyRows(const float* b, int inner, const float* panel, float* to, size_t step) {
  Vector total[rowsOfTile][2] = {};
  for (int n = 0; n < inner; n++, b++, panel += samplesOfTile) {
    const Vector first = load(panel), second = load(panel + lanes);
    const float* at = b;
    CONVOY_UNROLL
    for (int row = 0; row < rowsOfTile; row++, at = base(at + inner)) {
      const Vector value = broadcast(*at);
      total[row][0] += value * first;
      total[row][1] += value * second;
    }
  }
  CONVOY_UNROLL
  for (int row = 0; row < rowsOfTile; row++) {
    store(to + row * step, total[row][0]);
    store(to + row * step + lanes, total[row][1]);
  }
}

/** to[samples][rows] */
inline void rowProducts(const float* a, const float* b, int samples, int rows, int inner, float* to) {
  static thread_local Scratch panelMemory, turnedMemory, lastMemory;
  const int panels = (samples + samplesOfTile - 1) / samplesOfTile;
  const size_t panelFloats = (size_t)samplesOfTile * inner, wide = panels * samplesOfTile;
  float* packed = panelMemory.take<float>(panels * panelFloats);
  packSamples(a, samples, inner, packed);
  float* turned = turnedMemory.take<float>(rowsTogether * wide);
  for (int first = 0; first < rows; first += rowsTogether) {
    const int high = rows - first < rowsTogether ? rows - first : rowsTogether;
    for (int row = 0; row < high; row += rowsOfTile) {
      const float* own = b + (size_t)(first + row) * inner;
      if (high - row < rowsOfTile) {  // rows that are not there
        float* last = lastMemory.take<float>((size_t)rowsOfTile * inner);
        memset(last, 0, (size_t)rowsOfTile * inner * sizeof(float));
        memcpy(last, own, (size_t)(high - row) * inner * sizeof(float));
        own = last;
      }
      Ahead ahead;
      ahead.begin(own == lastMemory.take<float>(0) ? b + (size_t)rows * inner : own + (size_t)rowsOfTile * inner, b + (size_t)rows * inner,
                  (size_t)rowsOfTile * inner, panels);
      for (int panel = 0; panel < panels; panel++, ahead.some()) {
        multiplyRows(own, inner, packed + panel * panelFloats, turned + row * wide + panel * samplesOfTile, wide);
      }
    }
    for (int row = 0; row < high; row += lanes) {
      const int some = high - row < lanes ? high - row : lanes;
      for (int sample = 0; sample < samples; sample += lanes) {
        Integers values[lanes];
        for (int i = 0; i < lanes; i++) values[i] = (Integers)load(turned + (row + i) * wide + sample);
        transpose(values);
        for (int i = 0; i < lanes && sample + i < samples; i++) {
          float* out = to + (size_t)(sample + i) * rows + first + row;
          if (some == lanes) store(out, (Vector)values[i]);
          else memcpy(out, values + i, some * sizeof(float));
        }
      }
    }
  }
}

}  // namespace
}  // namespace convoy
