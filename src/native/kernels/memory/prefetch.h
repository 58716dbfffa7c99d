// Memory that is read soon, on its way to the second-level cache.
#pragma once
#include <cstddef>

namespace convoy {
namespace {

constexpr size_t cacheLine = 64;

/** Prefetches a stretch of memory part by part, while something else is computed. */
class Prefetcher {
 public:
  /** Begins with `count` numbers at `from`, or those before `end`; `parts` calls of `next` cover them. */
  template <typename T>
  void begin(const T* from, const T* end, size_t count, int parts) {
    at_ = reinterpret_cast<const char*>(from);
    const size_t left = end > from ? reinterpret_cast<const char*>(end) - at_ : 0, wanted = count * sizeof(T);
    end_ = at_ + (wanted < left ? wanted : left);
    part_ = (wanted / parts + cacheLine) / cacheLine * cacheLine;
  }

  void next() {
    const char* until = static_cast<size_t>(end_ - at_) > part_ ? at_ + part_ : end_;
    for (; at_ < until; at_ += cacheLine) __builtin_prefetch(at_, 0, 2);
    if (at_ > end_) at_ = end_;
  }

 private:
  const char *at_ = nullptr, *end_ = nullptr;
  size_t part_ = 0;
};

/** Prefetches a row. Rows are too far apart in time for the processor to see that they follow each other. */
template <typename T>
inline void prefetchRow(const T* row, size_t count) {
  for (size_t at = 0; at < count; at += cacheLine / sizeof(T)) __builtin_prefetch(row + at, 0, 2);
}

}  // namespace
}  // namespace convoy
