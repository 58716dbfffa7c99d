// The gradient to a bias before a maximum pooling.
#pragma once
#include "memory/scratch.h"
#include "shapes.h"

namespace convoy {
namespace {

/** Sums over windows, for each channel, of the gradients that go to an element. Those of an image are added in float32.
 */
template <typename T>
CONVOY_KERNEL void argmaxSums(const T* gradient, const uint8_t* argmax, int images, int windows, int channels,
                              float* sums) {
  static thread_local Scratch totalMemory;
  double* total = totalMemory.take<double>(channels);
  for (int channel = 0; channel < channels; channel++) total[channel] = 0;
  const size_t image = (size_t)windows * channels;
  for (int n = 0; n < images; n++, gradient += image, argmax += image) {
    int channel = 0;
    for (; channel + lanes <= channels; channel += lanes) {
      Vector sum = {};
      for (int window = 0; window < windows; window++) {
        const size_t at = (size_t)window * channels + channel;
        sum += loadBytes(argmax + at) == noArgmax ? Vector{} : load(gradient + at);
      }
      for (int lane = 0; lane < lanes; lane++) total[channel + lane] += sum[lane];
    }
    for (; channel < channels; channel++) {
      float sum = 0;
      for (int window = 0; window < windows; window++) {
        const size_t at = (size_t)window * channels + channel;
        if (argmax[at] != noArgmax) sum += loadOne(gradient + at);
      }
      total[channel] += sum;
    }
  }
  for (int channel = 0; channel < channels; channel++) sums[channel] = (float)total[channel];
}

}  // namespace
}  // namespace convoy
