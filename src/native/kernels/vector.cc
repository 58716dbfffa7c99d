// The kernels of kernels.h with vectors; compiled once for each instruction set, with CONVOY_KERNELS naming its table.
#include "batch-norm.h"
#include "max-pool.h"
#include "narrow-dropout.h"
#include "narrow.h"
#include "pooled.h"
#include "product.h"

namespace convoy {
namespace {

/** By the vectors' direction that has more to fill. */
void pooledFilterOf(const PooledConvolution& c, const float* x, const float* gradient, const uint8_t* place, float* filter) {
  const bool narrow = c.filterColumns * c.inputs < 2 * lanes && c.window.rows == 2 && c.window.columns == 2;
  (narrow ? pooledNarrowFilter : pooledFilter)(c, x, gradient, place, filter);
}

void batchNorm(const BatchNorm& n, const float* x, const float* mean, const float* scale, const float* shift, float* y) {
  (n.rectified ? normalize<true> : normalize<false>)(n, x, mean, scale, shift, y);
}

void batchNormGradient(const BatchNorm& n, const float* gradient, const float* x, const float* mean, const float* variance,
                       const float* scale, const float* shift, float* xGradient, float* gamma, float* beta) {
  (n.rectified ? normalizeGradient<true> : normalizeGradient<false>)(n, gradient, x, mean, variance, scale, shift, xGradient, gamma, beta);
}

}  // namespace

extern const Kernels CONVOY_KERNELS = {CONVOY_INSTRUCTIONS, maxPool, expand,          pooledFilterOf, pooledInput,      narrowDropout,
                                      narrowFilter,        product, batchStatistics, batchNorm,      batchNormGradient};

}  // namespace convoy
