// Convolutions of few input channels with bias, ReLU and dropout behind them, with vectors along the outputs.
#pragma once
#include "narrow.h"

namespace convoy {
namespace {

/** Outputs of `places` neighbours, `wide` vectors of each, from a strip at their first input; the rest is of their first output. */
template <int places, int wide, typename T>
void convolvePlaces(const NarrowConvolution& c, const float* from, size_t line, const float* filter, const float* bias,
                    const uint8_t* mask, T* y) {
  Vector total[places][wide];
  CONVOY_UNROLL
  for (int v = 0; v < wide; v++) {
    CONVOY_UNROLL
    for (int place = 0; place < places; place++) total[place][v] = load(bias + v * lanes);
  }
  const int row = c.filterColumns * c.inputs;
  for (int k = 0; k < c.filterRows; k++, from += line) {
    const float* neighbours[places];
    CONVOY_UNROLL
    for (int place = 0; place < places; place++) neighbours[place] = from + place * c.inputs;
    for (int i = 0; i < row; i++, filter += c.outputs) {
      Vector value[places];
      CONVOY_UNROLL
      for (int place = 0; place < places; place++) value[place] = broadcast(neighbours[place][i]);
      CONVOY_UNROLL
      for (int v = 0; v < wide; v++) {
        const Vector weight = load(filter + v * lanes);
        CONVOY_UNROLL
        for (int place = 0; place < places; place++) total[place][v] += value[place] * weight;
      }
    }
  }
  CONVOY_UNROLL
  for (int place = 0; place < places; place++) {
    CONVOY_UNROLL
    for (int v = 0; v < wide; v++) {
      const size_t at = (size_t)place * c.outputs + v * lanes;
      const Integers dropped = (total[place][v] < 0) | (widen(mask + at) == 0);  // NaN is passed on
      store(y + at, dropped ? Vector{} : total[place][v]);
    }
  }
}

template <typename T>
using ConvolvePlaces = void (*)(const NarrowConvolution&, const float*, size_t, const float*, const float*, const uint8_t*, T*);
template <typename T>
constexpr ConvolvePlaces<T> byFour[4] = {nullptr, convolvePlaces<1, 4>, convolvePlaces<2, 4>, convolvePlaces<3, 4>};
template <typename T>
constexpr ConvolvePlaces<T> byTwo[7] = {nullptr,              convolvePlaces<1, 2>, convolvePlaces<2, 2>, convolvePlaces<3, 2>,
                                        convolvePlaces<4, 2>, convolvePlaces<5, 2>, convolvePlaces<6, 2>};
template <typename T>
constexpr ConvolvePlaces<T> byOne[7] = {nullptr,              convolvePlaces<1, 1>, convolvePlaces<2, 1>, convolvePlaces<3, 1>,
                                        convolvePlaces<4, 1>, convolvePlaces<5, 1>, convolvePlaces<6, 1>};

template <typename T>
void narrowDropout(const NarrowConvolution& c, const T* x, const T* ownFilter, const T* ownBias, const uint8_t* mask, T* y) {
  static thread_local Scratch stripMemory, filterMemory, biasMemory;
  const size_t weights = (size_t)c.filterRows * c.filterColumns * c.inputs * c.outputs;
  const float* filter = asFloats(ownFilter, weights, filterMemory);
  const float* bias = asFloats(ownBias, c.outputs, biasMemory);
  const int columns = c.columns + c.filterColumns - 1;
  const size_t line = (size_t)columns * c.inputs;
  float* strip = stripMemory.take<float>(c.filterRows * line);
  const size_t row = (size_t)c.columns * c.outputs;
  for (int image = 0; image < c.images; image++) {
    for (int i = 0; i < c.rows; i++, y += row, mask += row) {
      copyStrip(x + (size_t)image * c.height * c.width * c.inputs, c.height, c.width, c.inputs, i - c.top, c.left, c.filterRows,
                columns, strip);
      int output = 0;
      const auto convolve = [&](const ConvolvePlaces<T>* tiles, int most) {
        inTiles(c.columns, most, [&](int column, int count) {
          const size_t at = (size_t)column * c.outputs + output;
          tiles[count](c, strip + (size_t)column * c.inputs, line, filter + output, bias + output, mask + at, y + at);
        });
      };
      for (; output + 4 * lanes <= c.outputs; output += 4 * lanes) convolve(byFour<T>, 3);
      for (; output + 2 * lanes <= c.outputs; output += 2 * lanes) convolve(byTwo<T>, 6);
      for (; output + lanes <= c.outputs; output += lanes) convolve(byOne<T>, 6);
      for (; output < c.outputs; output++) {
        for (int column = 0; column < c.columns; column++) {
          const size_t at = (size_t)column * c.outputs + output;
          float total = bias[output];
          const float* weight = filter + output;
          for (int k = 0; k < c.filterRows; k++) {
            const float* from = strip + k * line + (size_t)column * c.inputs;
            for (int t = 0; t < c.filterColumns * c.inputs; t++, weight += c.outputs) total += from[t] * *weight;
          }
          storeOne(y + at, total < 0 || mask[at] == 0 ? 0 : total);
        }
      }
    }
  }
}

}  // namespace
}  // namespace convoy
