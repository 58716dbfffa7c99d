// Shapes of convolutions, and their checks. Images are [images, height, width, channels] (channels last), filters
// [rows, columns, inputs, outputs]; strides and dilations are 1.
#pragma once
#include <climits>

#include "op/call.h"
#include "simd/simd.h"

namespace convoy {
namespace {

/** The argmax of a window that a ReLU behind the pooling makes 0: none of its elements has a gradient. */
constexpr uint8_t noArgmax = 255;

/** A window of a pooling. Windows lie side by side. */
struct Window {
  int rows, columns;
};

/** A convolution before a maximum pooling; rows and columns that fill no window are left out. */
struct PooledConvolution {
  int images, height, width, inputs;  // x
  int filterRows, filterColumns, outputs;
  int pooledRows, pooledColumns;
  int top, left;  // zeros above and to the left of x
  Window window;
};

/** A convolution of few input channels; its output is [images, rows, columns, outputs]. */
struct NarrowConvolution {
  int images, height, width, inputs;
  int filterRows, filterColumns, outputs;
  int rows, columns;
  int top, left;
};

/** Whether a product of sizes is an int, as offsets within an image or a filter are. */
inline bool fitsInt(int64_t a, int64_t b, int64_t c = 1) {
  int64_t product;
  return !__builtin_mul_overflow(a, b, &product) && !__builtin_mul_overflow(product, c, &product) && product <= INT_MAX;
}

/** Room that vectors may need beside a row of a filter, in numbers. */
constexpr int64_t vectorRoom = 64;

/** Expects sizes of at least 1 and offsets that are ints, of an image (input `x`) and a filter. */
inline bool expectSizes(Call& call, int x, int64_t height, int64_t width, int64_t inputs, int64_t filterRows,
                        int64_t filterColumns, int64_t outputs) {
  const bool some = height > 0 && width > 0 && inputs > 0 && filterRows > 0 && filterColumns > 0 && outputs > 0;
  if (!call.expect(some, x, "images, filters and channels that are not empty")) return false;
  // What a filter and a window reach beyond the image counts too.
  const int64_t reach = vectorRoom + mostWindowElements;
  return call.expect(fitsInt(height + filterRows + reach, width + filterColumns + reach, inputs + 1), x,
                     "an image of fewer than 2^31 numbers") &&
         call.expect(
             fitsInt(filterColumns, inputs) && fitsInt(filterRows, filterColumns * inputs + vectorRoom, outputs), x,
             "a filter of fewer than 2^31 numbers");
}

/** Expects zeros above and to the left to be fewer than the filter's rows and columns. */
inline bool expectPadding(Call& call, Sizes padding, int filterRows, int filterColumns) {
  return call.expect(padding.rows < filterRows && padding.columns < filterColumns, "padding", padding,
                     "fewer zeros than a filter of %d x %d has rows and columns", filterRows, filterColumns);
}

/** Expects every window of a pooled convolution of x, which is input `x`, to be within the convolution's output. */
inline bool expectPooled(Call& call, int x, const PooledConvolution& c) {
  if (!expectSizes(call, x, c.height, c.width, c.inputs, c.filterRows, c.filterColumns, c.outputs)) return false;
  if (!expectPadding(call, {c.top, c.left}, c.filterRows, c.filterColumns)) return false;
  const bool fits = c.pooledRows > 0 && c.pooledColumns > 0 &&
                    static_cast<int64_t>(c.pooledRows) * c.window.rows <= c.height &&
                    static_cast<int64_t>(c.pooledColumns) * c.window.columns <= c.width;
  return call.expect(fits, x, "an image with room for %d x %d windows of %d x %d, and at least one", c.pooledRows,
                     c.pooledColumns, c.window.rows, c.window.columns);
}

/** Expects every output of a convolution to see at least one row and column of x; `output` is an input of their shape.
 */
inline bool expectNarrow(Call& call, int x, int output, const NarrowConvolution& c) {
  if (!expectSizes(call, x, c.height, c.width, c.inputs, c.filterRows, c.filterColumns, c.outputs)) return false;
  if (!expectPadding(call, {c.top, c.left}, c.filterRows, c.filterColumns)) return false;
  const bool fits = c.rows > 0 && c.columns > 0 && static_cast<int64_t>(c.rows) - c.top <= c.height &&
                    static_cast<int64_t>(c.columns) - c.left <= c.width;
  return call.expect(fits && fitsInt(c.rows, c.columns, c.outputs), output,
                     "outputs of a convolution that see an image of %d x %d", c.height, c.width);
}

}  // namespace
}  // namespace convoy
