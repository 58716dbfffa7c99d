// Rows of images, as filters see them.
#pragma once
#include "vectors.h"

namespace convoy {
namespace {

/** Rows of an image in type To, with zeros where a filter reaches beyond it. */
template <typename From, typename To>
inline void copyStrip(const From* image, int height, int width, int channels, int firstRow, int left, int rows, int columns, To* strip) {
  const size_t line = (size_t)columns * channels;
  for (int row = 0; row < rows; row++, strip += line) {
    const int from = firstRow + row;
    if (from < 0 || from >= height) {
      memset(strip, 0, line * sizeof(To));
      continue;
    }
    const int right = columns - left - width;
    memset(strip, 0, (size_t)left * channels * sizeof(To));
    const int inside = right < 0 ? columns - left : width;
    copy(image + (size_t)from * width * channels, (size_t)inside * channels, strip + (size_t)left * channels);
    if (right > 0) memset(strip + (size_t)(left + width) * channels, 0, (size_t)right * channels * sizeof(To));
  }
}

}  // namespace
}  // namespace convoy
