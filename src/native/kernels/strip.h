// Rows of images, as filters see them.
#pragma once
#include "vectors.h"

namespace convoy {
namespace {

/** Has memory that is read soon on its way to the second-level cache, a part at a time, while something else is computed. */
class Ahead {
 public:
  /** Begins anew with what lies behind `from`, `parts` times to be asked for. */
  template <typename T>
  void begin(const T* from, const T* end, size_t count, int parts) {
    at_ = (const char*)from;
    const size_t left = end > from ? (const char*)end - at_ : 0, wanted = count * sizeof(T);
    end_ = at_ + (wanted < left ? wanted : left);
    part_ = (wanted / parts + line) / line * line;
  }
  void some() {
    const char* until = at_ + part_ < end_ ? at_ + part_ : end_;
    for (; at_ < until; at_ += line) __builtin_prefetch(at_, 0, 2);
  }

 private:
  static constexpr size_t line = 64;
  const char *at_ = nullptr, *end_ = nullptr;
  size_t part_ = 0;
};

/** Has a row that is read next on its way: rows are too far apart in time for the processor to see that they follow each other. */
template <typename T>
inline void fetchRow(const T* row, size_t count) {
  for (size_t at = 0; at < count; at += 64 / sizeof(T)) __builtin_prefetch(row + at, 0, 2);
}

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
