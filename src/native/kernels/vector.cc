// The kernels of kernels.h with vectors; compiled once for each instruction set, with CONVOY_KERNELS naming its table.
#include "batch-norm.h"
#include "max-pool.h"
#include "narrow-dropout.h"
#include "narrow-pairs.h"
#include "narrow.h"
#include "pooled-convolution.h"
#include "pooled-pairs.h"
#include "pooled.h"
#include "product.h"
#include "row-products.h"

namespace convoy {
namespace {

/** The filter's gradient, by the vectors' direction that has more to fill. */
template <typename T>
void pooledFilterOf(const PooledConvolution& c, const T* x, const T* gradient, const uint8_t* place, float* filter, float* bias) {
  const bool narrow = c.filterColumns * c.inputs < 2 * lanes && c.window.rows == 2 && c.window.columns == 2;
  if (narrow) pooledNarrowFilter(c, x, gradient, place, filter);
  else pooledFilter(c, x, gradient, place, filter);
  keptSums(gradient, place, c.images, c.pooledRows * c.pooledColumns, c.outputs, bias);
}

template <typename T>
void pooledInputOf(const PooledConvolution& c, const T* filter, const T* gradient, const uint8_t* place, T* x) {
  pooledInput(c, filter, gradient, place, x);  // that of pairs, where there is one
}

template <typename T>
void narrowFilterOf(const NarrowConvolution& c, const T* x, const T* gradient, const T* y, float* filter, float* bias) {
  narrowFilter(c, x, gradient, y, filter, bias);  // that of pairs, where there is one
}

/** With 16 registers there is no tile of windows that keeps them busy. */
template <typename T>
constexpr PoolingKernels<T> poolingKernels = {maxPool<T>, lanes == 16 ? pooledConvolution<T> : nullptr, expand<T>, pooledFilterOf<T>, pooledInputOf<T>};

template <typename T>
void normalizeOf(const BatchNorm& n, const T* x, const float* mean, const float* scale, const float* shift, T* y) {
  (n.rectified ? normalize<true, T> : normalize<false, T>)(n, x, mean, scale, shift, y);
}

template <typename T>
void normalizeGradientOf(const BatchNorm& n, const T* gradient, const T* x, const float* mean, const float* variance, const float* scale,
                         const float* shift, T* xGradient, float* gamma, float* beta) {
  const auto toX = n.rectified ? normalizeGradient<true, T> : normalizeGradient<false, T>;
  toX(n, gradient, x, mean, variance, scale, shift, xGradient, gamma, beta);
}

template <typename T>
constexpr BatchNormKernels<T> batchNormKernels = {batchStatistics<T>, normalizeOf<T>, normalizeGradientOf<T>};

template <typename T>
constexpr TypedKernels<T> typedKernels = {product<T>, {narrowDropout<T>, narrowFilterOf<T>}, poolingKernels<T>, batchNormKernels<T>};

}  // namespace

extern const Kernels CONVOY_KERNELS = {CONVOY_INSTRUCTIONS, typedKernels<float>, typedKernels<Bfloat16>, rowProducts};

}  // namespace convoy
