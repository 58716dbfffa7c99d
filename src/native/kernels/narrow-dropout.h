// Convolutions of few input channels with bias, ReLU and dropout behind them, with vectors along the outputs.
#pragma once
#include "narrow.h"
#include "words.h"

namespace convoy {
namespace {

/** Words of a row of the filter. */
template <typename T>
inline int rowWords(const NarrowConvolution& c) {
  return (c.filterColumns * c.inputs + numbersOfWord<T> - 1) / numbersOfWord<T>;
}

/** Outputs of `places` neighbours, `wide` vectors of each, from a strip at their first input and a filter [row][word][output]; the rest is of their first output. */
template <int places, int wide, typename T>
void convolvePlaces(const NarrowConvolution& c, const Kept<T>* from, size_t line, const float* filter, const float* bias,
                    const uint8_t* mask, T* y) {
  Vector total[places][wide];
  CONVOY_UNROLL
  for (int v = 0; v < wide; v++) {
    CONVOY_UNROLL
    for (int place = 0; place < places; place++) total[place][v] = load(bias + v * lanes);
  }
  const int words = rowWords<T>(c);
  for (int k = 0; k < c.filterRows; k++, from += line) {
    const Kept<T>* neighbours[places];
    CONVOY_UNROLL
    for (int place = 0; place < places; place++) neighbours[place] = from + place * c.inputs;
    for (int word = 0; word < words; word++, filter += c.outputs) {
      Vector value[places];
      CONVOY_UNROLL
      for (int place = 0; place < places; place++) value[place] = broadcastWord(neighbours[place] + word * numbersOfWord<T>);
      CONVOY_UNROLL
      for (int v = 0; v < wide; v++) {
        const Vector weight = load(filter + v * lanes);
        CONVOY_UNROLL
        for (int place = 0; place < places; place++) total[place][v] = addProduct<T>(total[place][v], value[place], weight);
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
using ConvolvePlaces = void (*)(const NarrowConvolution&, const Kept<T>*, size_t, const float*, const float*, const uint8_t*, T*);
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
  constexpr int together = numbersOfWord<T>;
  const int words = rowWords<T>(c), filterRow = c.filterColumns * c.inputs;
  float* filter = filterMemory.take<float>((size_t)c.filterRows * words * c.outputs);
  for (int k = 0; k < c.filterRows; k++) {
    for (int word = 0; word < words; word++) {
      const int at = word * together;
      const T* from = ownFilter + ((size_t)k * filterRow + at) * c.outputs;
      float* to = filter + (size_t)(k * words + word) * c.outputs;
      for (int output = 0; output < c.outputs; output++) to[output] = wordOf<T>(from + output, c.outputs, filterRow - at);
    }
  }
  const float* bias = asFloats(ownBias, c.outputs, biasMemory);
  const int columns = c.columns + c.filterColumns - 1;
  const size_t line = (size_t)columns * c.inputs;
  Kept<T>* strip = stripMemory.take<Kept<T>>(c.filterRows * line + together);
  for (int i = 0; i < together; i++) storeOne(strip + c.filterRows * line + i, 0);  // read by the last word of the last row
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
          const T* weight = ownFilter + output;
          for (int k = 0; k < c.filterRows; k++) {
            const Kept<T>* from = strip + k * line + (size_t)column * c.inputs;
            for (int t = 0; t < filterRow; t++, weight += c.outputs) total += loadOne(from + t) * loadOne(weight);
          }
          storeOne(y + at, total < 0 || mask[at] == 0 ? 0 : total);
        }
      }
    }
  }
}

}  // namespace
}  // namespace convoy
