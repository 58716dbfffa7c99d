// Line buffers: some rows of an image with the zeros around it that a filter reaches.
#pragma once
#include "memory/scratch.h"
#include "shapes.h"

namespace convoy {
namespace {

/**
 * Fills a line buffer [rows, columns, channels] with an image from a row on, `left` columns of zeros before it, and
 * zeros wherever the image has nothing. Numbers become type To.
 */
template <typename From, typename To>
inline void fillLineBuffer(const From* image, int height, int width, int channels, int firstRow, int left, int rows,
                           int columns, To* lines) {
  const size_t line = (size_t)columns * channels;
  for (int row = 0; row < rows; row++, lines += line) {
    const int from = firstRow + row;
    if (from < 0 || from >= height) {
      memset((void*)lines, 0, line * sizeof(To));
      continue;
    }
    const int right = columns - left - width;
    memset((void*)lines, 0, (size_t)left * channels * sizeof(To));
    const int inside = right < 0 ? columns - left : width;
    copy(image + (size_t)from * width * channels, (size_t)inside * channels, lines + (size_t)left * channels);
    if (right > 0) memset((void*)(lines + (size_t)(left + width) * channels), 0, (size_t)right * channels * sizeof(To));
  }
}

}  // namespace
}  // namespace convoy
