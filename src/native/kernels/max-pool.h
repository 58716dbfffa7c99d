// Maximum pooling that remembers where each maximum was.
#pragma once
#include "kernels.h"
#include "vectors.h"

namespace convoy {
namespace {

/** Takes `next`, the element q of a window, for the greatest where it is greater. */
inline void takeGreater(Vector next, int q, Vector& most, Integers& at) {
  const Integers greater = (next > most) | (next != next);  // NaN is passed on
  most = greater ? next : most;
  at = greater ? Integers{} + q : at;
}

/** The ReLU of the greatest, which leaves no place where it is 0. */
inline void rectifyMost(Vector& most, Integers& at) {
  at = most > 0 ? at : Integers{} + noPlace;
  most = most < 0 ? Vector{} : most;
}

template <typename T>
void maxPool(const T* x, int images, int height, int width, int channels, Window window, bool rectified, T* y, uint8_t* place) {
  const int rows = height / window.rows, columns = width / window.columns;
  for (int image = 0; image < images; image++) {
    for (int row = 0; row < rows; row++) {
      const T* line = x + ((int64_t)image * height + row * window.rows) * width * channels;
      for (int column = 0; column < columns; column++, y += channels, place += channels) {
        const T* corner = line + (int64_t)column * window.columns * channels;
        int channel = 0;
        for (; channel + lanes <= channels; channel += lanes) {
          Vector most = load(corner + channel);
          Integers at = {};
          for (int i = 0, q = 0; i < window.rows; i++) {
            const T* from = corner + (int64_t)i * width * channels + channel;
            for (int j = 0; j < window.columns; j++, q++, from += channels) {
              takeGreater(load(from), q, most, at);
            }
          }
          if (rectified) rectifyMost(most, at);
          store(y + channel, most);
          narrow(place + channel, at);
        }
        for (; channel < channels; channel++) {
          float most = loadOne(corner + channel);
          int at = 0;
          for (int q = 1; q < window.rows * window.columns; q++) {
            const int i = q / window.columns, j = q % window.columns;
            const float next = loadOne(corner + ((int64_t)i * width + j) * channels + channel);
            if (next > most || next != next) most = next, at = q;
          }
          if (rectified) {
            if (!(most > 0)) at = noPlace;
            if (most < 0) most = 0;
          }
          storeOne(y + channel, most);
          place[channel] = at;
        }
      }
    }
  }
}

/** Sums over windows for each channel of the gradients that go to an element. */
template <typename T>
void keptSums(const T* gradient, const uint8_t* place, int images, int windows, int channels, float* sums) {
  static thread_local Scratch totalMemory;
  double* total = totalMemory.take<double>(channels);
  for (int channel = 0; channel < channels; channel++) total[channel] = 0;
  for (int image = 0; image < images; image++, gradient += (size_t)windows * channels, place += (size_t)windows * channels) {
    int channel = 0;
    for (; channel + lanes <= channels; channel += lanes) {
      Vector sum = {};
      for (int window = 0; window < windows; window++) {
        const size_t at = (size_t)window * channels + channel;
        sum += widen(place + at) == noPlace ? Vector{} : load(gradient + at);
      }
      for (int lane = 0; lane < lanes; lane++) total[channel + lane] += sum[lane];
    }
    for (; channel < channels; channel++) {
      float sum = 0;
      for (int window = 0; window < windows; window++) {
        const size_t at = (size_t)window * channels + channel;
        if (place[at] != noPlace) sum += loadOne(gradient + at);
      }
      total[channel] += sum;
    }
  }
  for (int channel = 0; channel < channels; channel++) sums[channel] = total[channel];
}

/** Gradient to x[N, height, width, C] from that of y[N, rows, columns, C]. */
template <typename T>
void expand(const T* gradient, const uint8_t* place, int images, int rows, int columns, int channels, Window window, int height,
            int width, T* x) {
  memset(x, 0, (size_t)images * height * width * channels * sizeof(T));
  int64_t offsets[256];
  for (int q = 0; q < window.rows * window.columns; q++) {
    offsets[q] = ((int64_t)(q / window.columns) * width + q % window.columns) * channels;
  }
  for (int image = 0; image < images; image++, x += (size_t)height * width * channels) {
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++, gradient += channels, place += channels) {
        T* corner = x + ((int64_t)row * window.rows * width + column * window.columns) * channels;
        for (int channel = 0; channel < channels; channel++) {
          if (place[channel] != noPlace) corner[offsets[place[channel]] + channel] = gradient[channel];
        }
      }
    }
  }
}

}  // namespace
}  // namespace convoy
