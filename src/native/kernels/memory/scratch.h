// Memory for intermediate results.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "simd/simd.h"

namespace convoy {

/** Throws std::bad_alloc. Not inline: code of an instruction set must not be what other code links with. */
[[noreturn]] void throwOutOfMemory();

namespace {

/** Memory that a thread keeps from call to call: page faults of fresh memory cost more than the kernels do. */
class Scratch {
 public:
  ~Scratch() { free(memory_); }

  /**
   * Room for some numbers, aligned to cache lines, with two vectors to spare behind them. What was there is lost when
   * more is asked for than ever before.
   *
   * @throws std::bad_alloc, which a call turns into TensorFlow's RESOURCE_EXHAUSTED.
   */
  template <typename T>
  T* take(size_t count) {
    if (count > (SIZE_MAX / 2 - 2 * sizeof(Vector)) / sizeof(T)) throwOutOfMemory();
    const size_t bytes = (count * sizeof(T) + 2 * sizeof(Vector) + 63) / 64 * 64;
    if (bytes > size_) {
      free(memory_);
      size_ = 0;
      memory_ = aligned_alloc(64, bytes);
      if (memory_ == nullptr) throwOutOfMemory();
      size_ = bytes;
    }
    return static_cast<T*>(memory_);
  }

 private:
  void* memory_ = nullptr;
  size_t size_ = 0;
};

}  // namespace
}  // namespace convoy
