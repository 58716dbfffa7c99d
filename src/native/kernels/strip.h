// Rows of images, as filters see them.
#pragma once
#include "vectors.h"

namespace convoy {
namespace {

/** Rows of an image as float32, with zeros where a filter reaches beyond it. */
template <typename T>
inline void copyStrip(const T* image, int height, int width, int channels, int firstRow, int left, int rows, int columns, float* strip) {
  const size_t line = (size_t)columns * channels;
  for (int row = 0; row < rows; row++, strip += line) {
    const int from = firstRow + row;
    if (from < 0 || from >= height) {
      memset(strip, 0, line * sizeof(float));
      continue;
    }
    const int right = columns - left - width;
    memset(strip, 0, (size_t)left * channels * sizeof(float));
    const int inside = right < 0 ? columns - left : width;
    copy(image + (size_t)from * width * channels, (size_t)inside * channels, strip + (size_t)left * channels);
    if (right > 0) memset(strip + (size_t)(left + width) * channels, 0, (size_t)right * channels * sizeof(float));
  }
}

}  // namespace
}  // namespace convoy
