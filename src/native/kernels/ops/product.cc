// Rows of a product A'B, as the gradient of a dense kernel is one, written into memory that is there already.
// TensorFlow transposes A first, and its product is copied to where it goes.
#include "memory/prefetch.h"
#include "memory/scratch.h"
#include "op/registration.h"
#include "simd/operand.h"

namespace convoy::product {
namespace {

/** Rows `first` and further of a product A'B of A[samples, inputs] and B[samples, columns]. */
struct Product {
  int samples, inputs, columns;
  int first, rows;
};

/** Rows of a tile of the product, two vectors wide: its accumulators and operands fill the registers. */
constexpr int tileRows = CONVOY_REGISTERS >= 32 ? 12 : 6;
constexpr int tileColumns = 2 * lanes;
/** Depth of a block, in operands: a panel of B, [operand][tileColumns], takes half of a first-level cache. */
constexpr int deepest = (16 << 10) / (tileColumns * 4);
/** Rows of A at once: packed, they stay in the second-level cache while all of B passes. */
constexpr int blockRows = 16 * tileRows;

/** to[row][column] (+)= sum of a[operand][row] b[operand][column] over a block's depth, for a tile of `rows` rows. */
template <typename T, int rows, bool onTop>
void multiplyTile(const float* a, const float* b, int depth, float* to, size_t step) {
  Vector total[rows][2];
  CONVOY_UNROLL
  for (int row = 0; row < rows; row++) {
    total[row][0] = onTop ? load(to + row * step) : Vector{};
    total[row][1] = onTop ? load(to + row * step + lanes) : Vector{};
  }
  for (int operand = 0; operand < depth; operand++, a += tileRows, b += tileColumns) {
    const Vector first = load(b), second = load(b + lanes);
    CONVOY_UNROLL
    for (int row = 0; row < rows; row++) {
      const Vector value = broadcast(a[row]);
      total[row][0] = multiplyAdd<T>(total[row][0], value, first);
      total[row][1] = multiplyAdd<T>(total[row][1], value, second);
    }
  }
  CONVOY_UNROLL
  for (int row = 0; row < rows; row++) {
    store(to + row * step, total[row][0]);
    store(to + row * step + lanes, total[row][1]);
  }
}

/** A tile that reaches beyond the product's last row or column, by way of a whole one. */
template <typename T>
void multiplyEdge(const float* a, const float* b, int depth, float* to, size_t step, int rows, int columns,
                  bool onTop) {
  float whole[tileRows * tileColumns];
  multiplyTile<T, tileRows, false>(a, b, depth, whole, tileColumns);
  for (int row = 0; row < rows; row++) {
    for (int column = 0; column < columns; column++) {
      float& sum = to[row * step + column];
      sum = (onTop ? sum : 0) + whole[row * tileColumns + column];
    }
  }
}

/**
 * Packs `inside` numbers of each sample of an operand, times the samples' shares, and zeros up to `width`. `second` is
 * null where the operand has one sample.
 */
template <typename T, int width, typename From>
inline void packOperands(const From* first, const From* second, int inside, const float* shares, float* to) {
  (void)second;
#ifdef CONVOY_BFLOAT16_DOT
  if constexpr (dotLength<T> == 2) {
    for (int i = 0; i < width; i += lanes) {
      const Mask valid = firstLanes(inside - i), other = second == nullptr ? 0 : valid;
      Integers one, two;
      if constexpr (sizeof(From) == sizeof(T)) {
        one = loadLowHalves(first + i, valid);
        two = loadLowHalves(second + i, other);
      } else {
        one = loadLowHalves(first + i, valid, shares[0]);
        two = loadLowHalves(second + i, other, other == 0 ? 1 : shares[1]);
      }
      storeIntegers(to + i, pairUp(one, two), firstLanes(width - i));
    }
    return;
  }
#endif
  for (int i = 0; i < width; i++) to[i] = i < inside ? rounded<T>(loadOne(first + i) * *shares) : 0;
}

/** Numbers of samples as operands, [operand][width] for each panel of `width` columns. */
template <typename T, int width, typename From>
void packPanels(const From* from, size_t step, int samples, int columns, const float* shares, size_t shareStep,
                float* to) {
  constexpr int together = dotLength<T>;
  const int depth = (samples + together - 1) / together;
  // Row by row: rows that are a power of two apart share few sets of a cache, which would not keep them from panel to
  // panel.
  for (int sample = 0; sample < samples; sample += together, from += together * step, to += width) {
    const float own[2] = {shares[sample * shareStep], shares[(sample + 1 < samples ? sample + 1 : sample) * shareStep]};
    float* panel = to;
    for (int first = 0; first < columns; first += width, panel += (size_t)depth * width) {
      const int inside = columns - first < width ? columns - first : width;
      const From* second = sample + 1 < samples ? from + step + first : nullptr;
      if (inside == width) packOperands<T, width>(from + first, second, width, own, panel);
      else packOperands<T, width>(from + first, second, inside, own, panel);
    }
  }
}

/** Prefetches some columns of rows `step` apart. */
template <typename T>
void prefetchColumns(const T* from, size_t step, int rows, int columns) {
  for (int row = 0; row < rows; row++, from += step) {
    for (int column = 0; column < columns; column += cacheLine / sizeof(T)) __builtin_prefetch(from + column, 0, 2);
  }
}

template <typename T>
CONVOY_KERNEL void product(const Product& p, const T* a, const float* b, const float* shares, float* to) {
  static thread_local Scratch aMemory, bMemory;
  static const float one = 1;
  constexpr int together = dotLength<T>, mostSamples = deepest * together;
  const int panels = (p.columns + tileColumns - 1) / tileColumns;
  const int mostDepth = ((p.samples < mostSamples ? p.samples : mostSamples) + together - 1) / together;
  float* packedA = aMemory.take<float>((size_t)blockRows * mostDepth);
  float* packedB = bMemory.take<float>((size_t)panels * tileColumns * mostDepth);
  for (int sample = 0; sample < p.samples; sample += mostSamples) {
    const int samples = p.samples - sample < mostSamples ? p.samples - sample : mostSamples;
    const int depth = (samples + together - 1) / together;
    const bool onTop = sample > 0;
    packPanels<T, tileColumns>(b + (size_t)sample * p.columns, p.columns, samples, p.columns,
                               shares == nullptr ? &one : shares + sample, shares == nullptr ? 0 : 1, packedB);
    for (int block = 0; block < p.rows; block += blockRows) {
      const int rows = p.rows - block < blockRows ? p.rows - block : blockRows;
      packPanels<T, tileRows>(a + (size_t)sample * p.inputs + p.first + block, p.inputs, samples, rows, &one, 0,
                              packedA);
      // Rows of A come from other threads, and so from memory: those of the next block, or call, while this one is
      // multiplied.
      const int next = p.first + block + rows;
      const int ahead = p.inputs - next < blockRows ? p.inputs - next : blockRows;
      for (int panel = 0; panel < panels; panel++) {
        const int column = panel * tileColumns;
        const float* own = packedB + (size_t)column * depth;
        const int fetched = samples * panel / panels;
        prefetchColumns(a + (size_t)(sample + fetched) * p.inputs + next, p.inputs,
                        samples * (panel + 1) / panels - fetched, ahead);
        for (int row = 0; row < rows; row += tileRows) {
          const float* left = packedA + (size_t)row * depth;
          float* tile = to + (size_t)(block + row) * p.columns + column;
          if (rows - row < tileRows || p.columns - column < tileColumns) {
            const int high = rows - row < tileRows ? rows - row : tileRows;
            const int wide = p.columns - column < tileColumns ? p.columns - column : tileColumns;
            multiplyEdge<T>(left, own, depth, tile, p.columns, high, wide, onTop);
          } else {
            (onTop ? multiplyTile<T, tileRows, true> : multiplyTile<T, tileRows, false>)(left, own, depth, tile,
                                                                                         p.columns);
          }
        }
      }
    }
  }
  if (p.samples == 0 && p.rows > 0 && p.columns > 0) memset(to, 0, (size_t)p.rows * p.columns * sizeof(float));
}

void inferShapes(Shapes& shapes) {
  for (int input = 0; input < 3; input++) shapes.expectRank(input, 2);
  shapes.expectRank(3, 1);
  shapes.expectEqual({1, 0}, {0, 0});
  shapes.outputLike(0, 4);
}

/** `first` is [0, row]: the row of the product that the slot begins with. Shares of no sample count each sample once.
 */
constexpr Schema schema = Schema("ConvoyProduct")
                              .input("a: T")
                              .input("b: float")
                              .input("shares: float")
                              .input("first: int32")
                              .input("slot: float")
                              .output("written: float")
                              .typed()
                              .writesInput()
                              .shapes(inferShapes);

class ProductIntoSlot {
 public:
  explicit ProductIntoSlot(Construction&) {}

  void compute(Call& call) const {
    const Tensor a = call.input(0, 2), b = call.input(1, 2), shares = call.input(2, 2), first = call.input(3, 1);
    const Tensor slot = call.input(4, -1);
    if (!a || !b || !shares || !first || !slot) return;
    if (!call.expect(b.size(0) == a.size(0), 1, "%d samples", a.dim(0))) return;
    const bool all = shares.size(0) == 0;
    if (!call.expect(all || (shares.size(0) == a.size(0) && shares.size(1) == 1), 2, "[0, 1] or [%d, 1]", a.dim(0)))
      return;
    if (!call.expect(first.size(0) == 2, 3, "2 numbers")) return;
    const int last = slot.rank() - 1;
    if (!call.expect(slot.size(last) == b.size(1), 4, "%d columns", b.dim(1))) return;
    const int64_t row = first.data<int32_t>()[1];
    int64_t rows = 1;
    for (int axis = 0; axis < last; axis++) {
      if (__builtin_mul_overflow(rows, slot.size(axis), &rows)) rows = INT64_MAX;
    }
    const bool fits = row >= 0 && row <= a.dim(1) && rows <= a.dim(1) - row;
    if (!call.expect(fits, 4, "rows from %lld on of the product's %d", static_cast<long long>(row), a.dim(1))) return;
    const Product p = {a.dim(0), a.dim(1), b.dim(1), static_cast<int>(row), static_cast<int>(rows)};
    inTypeOf(a, [&](auto number) {
      using T = decltype(number);
      product(p, a.data<T>(), b.data<float>(), all ? nullptr : shares.data<float>(), slot.writable<float>());
    });
    call.give(0, 4);
  }
};

CONVOY_REGISTER_OP(schema, ProductIntoSlot)

}  // namespace
}  // namespace convoy::product
