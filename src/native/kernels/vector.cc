// The kernels of kernels.h with vectors; compiled once for each instruction set, with CONVOY_KERNELS naming its table.
#include "max-pool.h"
#include "narrow.h"
#include "pooled.h"

namespace convoy {
namespace {

/** By the vectors' direction that has more to fill. */
void pooledFilterOf(const PooledConvolution& c, const float* x, const float* gradient, const uint8_t* place, float* filter) {
  const bool narrow = c.filterColumns * c.inputs < 2 * lanes && c.window.rows == 2 && c.window.columns == 2;
  (narrow ? pooledNarrowFilter : pooledFilter)(c, x, gradient, place, filter);
}

}  // namespace

extern const Kernels CONVOY_KERNELS = {CONVOY_INSTRUCTIONS, maxPool, expand, pooledFilterOf, pooledInput, narrowFilter};

}  // namespace convoy
