// Products of large dense layers and small batches. A library's matrix product first packs its operands; where the kernel has
// thousands of rows and the batch a few dozen, packing the kernel takes longer than the product. Here it is read once, as it
// lies. Outputs are a multiple of 2 * lanes.
#pragma once
#include "kernels.h"
#include "vectors.h"

namespace convoy {
namespace {

/** Rows of the kernel whose vectors are in registers at once, beside sums and factors. */
constexpr int rowsAtOnce = lanes == 16 ? 8 : 4;
/** Inputs of all samples that are gathered at once: of 128 samples, half of a first-level cache. */
constexpr int inputsAtOnce = 32;
constexpr int panelFloats = 2 * lanes;

/** sums[m][panel] += x[m][0..count) kernel[0..count)[panel] for all samples m. */
template <int count>
inline void addRows(float* sums, const float* x, const float* kernel, int samples, int outputs) {
  Vector rows[count][2];
  CONVOY_UNROLL
  for (int r = 0; r < count; r++) {
    rows[r][0] = load(kernel + (size_t)r * outputs);
    rows[r][1] = load(kernel + (size_t)r * outputs + lanes);
    // The next panel's: the stride of rows is too long for the processor to foresee.
    _mm_prefetch((const char*)(kernel + (size_t)r * outputs + panelFloats), _MM_HINT_T0);
  }
  for (int m = 0; m < samples; m++, sums += panelFloats, x += inputsAtOnce) {
    Vector first = {}, second = {};  // added as one: the sums of thousands of products then have a quarter of the roundings
    CONVOY_UNROLL
    for (int r = 0; r < count; r++) {
      const Vector value = broadcast(x[r]);
      first += value * rows[r][0];
      second += value * rows[r][1];
    }
    store(sums, load(sums) + first);
    store(sums + lanes, load(sums + lanes) + second);
  }
}

/** y[samples, outputs] = x[samples, inputs] kernel[inputs, outputs]. */
inline void dense(int samples, int inputs, int outputs, const float* x, const float* kernel, float* y) {
  static thread_local Scratch sumMemory, gatherMemory;
  // [panel][sample][its outputs]: a panel stays in the first-level cache.
  float* sums = sumMemory.take<float>((size_t)samples * outputs);
  memset(sums, 0, (size_t)samples * outputs * sizeof(float));
  float* gathered = gatherMemory.take<float>((size_t)samples * inputsAtOnce);
  for (int first = 0; first < inputs; first += inputsAtOnce) {
    const int count = inputs - first < inputsAtOnce ? inputs - first : inputsAtOnce;
    for (int m = 0; m < samples; m++) memcpy(gathered + (size_t)m * inputsAtOnce, x + (size_t)m * inputs + first, count * sizeof(float));
    for (int output = 0; output < outputs; output += panelFloats) {
      float* own = sums + (size_t)output * samples;
      const float* rows = kernel + (size_t)first * outputs + output;
      int k = 0;
      for (; k + rowsAtOnce <= count; k += rowsAtOnce) addRows<rowsAtOnce>(own, gathered + k, rows + (size_t)k * outputs, samples, outputs);
      for (; k < count; k++) addRows<1>(own, gathered + k, rows + (size_t)k * outputs, samples, outputs);
    }
  }
  for (int m = 0; m < samples; m++) {
    for (int output = 0; output < outputs; output += panelFloats, y += panelFloats) {
      const float* from = sums + (size_t)output * samples + (size_t)m * panelFloats;
      store(y, load(from));
      store(y + lanes, load(from + lanes));
    }
  }
}

/** The sum of a vector's elements, halves first. */
inline float total(Vector v) {
  float parts[lanes];
  store(parts, v);
  for (int half = lanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; i++) parts[i] += parts[i + half];
  }
  return parts[0];
}

/** x[m][k] = the product of gradient row m and kernel row k, for m of `high` samples and k of `wide` rows. */
template <int high, int wide>
inline void multiplyRows(const float* gradient, const float* kernel, int outputs, float* x, int inputs) {
  Vector sums[high][wide] = {};
  for (int output = 0; output < outputs; output += lanes) {
    Vector rows[wide];
    CONVOY_UNROLL
    for (int k = 0; k < wide; k++) rows[k] = load(kernel + (size_t)k * outputs + output);
    CONVOY_UNROLL
    for (int m = 0; m < high; m++) {
      const Vector g = load(gradient + (size_t)m * outputs + output);
      CONVOY_UNROLL
      for (int k = 0; k < wide; k++) sums[m][k] += g * rows[k];
    }
  }
  CONVOY_UNROLL
  for (int m = 0; m < high; m++) {
    CONVOY_UNROLL
    for (int k = 0; k < wide; k++) x[(size_t)m * inputs + k] = total(sums[m][k]);
  }
}

/** The same for all samples. */
template <int wide>
inline void multiplySamples(int samples, const float* gradient, const float* kernel, int outputs, float* x, int inputs) {
  int m = 0;
  for (; m + 3 <= samples; m += 3) multiplyRows<3, wide>(gradient + (size_t)m * outputs, kernel, outputs, x + (size_t)m * inputs, inputs);
  for (; m < samples; m++) multiplyRows<1, wide>(gradient + (size_t)m * outputs, kernel, outputs, x + (size_t)m * inputs, inputs);
}

/** x[samples, inputs] = gradient[samples, outputs] times the transposed kernel[inputs, outputs]. */
inline void denseInput(int samples, int inputs, int outputs, const float* gradient, const float* kernel, float* x) {
  int k = 0;
  for (; k + 4 <= inputs; k += 4) multiplySamples<4>(samples, gradient, kernel + (size_t)k * outputs, outputs, x + k, inputs);
  for (; k < inputs; k++) multiplySamples<1>(samples, gradient, kernel + (size_t)k * outputs, outputs, x + k, inputs);
}

/** Inputs whose sums are in registers at once, two vectors each. */
constexpr int tileInputs = lanes == 16 ? 12 : 6;
/** Samples multiplied at once: a panel of gradients is then half of a first-level cache at most. */
constexpr int samplesAtOnce = 128;

/** kernel[i][panel] (+)= the sum over samples of x[sample][i] gradient[sample][panel]. */
template <int count>
void addOuter(float* kernel, int outputs, const float* x, const float* gradient, int samples, bool more) {
  Vector sums[count][2] = {};
  if (more) {
    CONVOY_UNROLL
    for (int i = 0; i < count; i++) {
      sums[i][0] = load(kernel + (size_t)i * outputs);
      sums[i][1] = load(kernel + (size_t)i * outputs + lanes);
    }
  }
  for (int m = 0; m < samples; m++, x += tileInputs, gradient += panelFloats) {
    const Vector first = load(gradient), second = load(gradient + lanes);
    CONVOY_UNROLL
    for (int i = 0; i < count; i++) {
      const Vector value = broadcast(x[i]);
      sums[i][0] += value * first;
      sums[i][1] += value * second;
    }
  }
  CONVOY_UNROLL
  for (int i = 0; i < count; i++) {
    store(kernel + (size_t)i * outputs, sums[i][0]);
    store(kernel + (size_t)i * outputs + lanes, sums[i][1]);
  }
}

typedef void (*AddOuter)(float*, int, const float*, const float*, int, bool);
const AddOuter addOuters[13] = {nullptr,     addOuter<1>, addOuter<2>, addOuter<3>,  addOuter<4>,  addOuter<5>, addOuter<6>,
                                addOuter<7>, addOuter<8>, addOuter<9>, addOuter<10>, addOuter<11>, addOuter<12>};

/**
 * kernel[rows, outputs] = rows `first` to `first + rows` of the transposed x[samples, inputs] times gradient[samples, outputs],
 * each sample multiplied by its share.
 */
inline void denseKernel(int samples, int inputs, int outputs, int first, int rows, const float* x, const float* gradient, const float* shares,
                        float* kernel) {
  static thread_local Scratch panelMemory, gatherMemory;
  if (samples == 0) memset(kernel, 0, (size_t)rows * outputs * sizeof(float));
  const int tiles = (rows + tileInputs - 1) / tileInputs;
  float* panels = panelMemory.take<float>((size_t)samplesAtOnce * outputs);
  float* gathered = gatherMemory.take<float>((size_t)samplesAtOnce * tiles * tileInputs);
  for (int begin = 0; begin < samples; begin += samplesAtOnce) {
    const int count = samples - begin < samplesAtOnce ? samples - begin : samplesAtOnce;
    for (int m = 0; m < count; m++) {
      const float* g = gradient + (size_t)(begin + m) * outputs;
      const Vector share = broadcast(shares[begin + m]);
      for (int output = 0; output < outputs; output += panelFloats) {
        float* to = panels + (size_t)output * count + (size_t)m * panelFloats;
        store(to, load(g + output) * share);
        store(to + lanes, load(g + output + lanes) * share);
      }
      const float* from = x + (size_t)(begin + m) * inputs + first;
      for (int tile = 0; tile < tiles; tile++) {
        const int own = rows - tile * tileInputs < tileInputs ? rows - tile * tileInputs : tileInputs;
        float* to = gathered + ((size_t)tile * count + m) * tileInputs;
        for (int i = 0; i < own; i++) to[i] = from[tile * tileInputs + i];
      }
    }
    for (int output = 0; output < outputs; output += panelFloats) {
      for (int tile = 0; tile < tiles; tile++) {
        const int own = rows - tile * tileInputs < tileInputs ? rows - tile * tileInputs : tileInputs;
        addOuters[own](kernel + (size_t)tile * tileInputs * outputs + output, outputs, gathered + (size_t)tile * count * tileInputs,
                       panels + (size_t)output * count, count, begin > 0);
      }
    }
  }
}

}  // namespace
}  // namespace convoy
