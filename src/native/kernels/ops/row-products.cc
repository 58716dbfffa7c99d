// Products AB' of rows with rows: of each row of A[samples, inner] with each of B[rows, inner]. B is read once, in its
// own order: TensorFlow packs it first, which for few samples takes as long as multiplying.
#include "memory/prefetch.h"
#include "memory/scratch.h"
#include "op/registration.h"
#include "simd/transpose.h"

namespace convoy::row_products {
namespace {

/** Rows of B of a tile, by two vectors of samples: sums and operands fill the registers. */
constexpr int rowsOfTile = CONVOY_REGISTERS >= 32 ? 12 : 6;
constexpr int samplesOfTile = 2 * lanes;
/** Rows of B whose products are transposed together: whole tiles, and whole vectors of the result. */
constexpr int rowsTogether = 48;
static_assert(rowsTogether % rowsOfTile == 0 && rowsTogether % lanes == 0);

/** A as [panel of samples][inner][samplesOfTile], zeros where there is no sample. */
inline void packSamples(const float* a, int samples, int inner, float* to) {
  for (int first = 0; first < samples; first += lanes) {
    const int half = first / lanes % 2;
    float* panel = to + (size_t)(first / samplesOfTile) * samplesOfTile * inner + half * lanes;
    for (int n = 0; n < inner; n += lanes) {
      const int some = inner - n < lanes ? inner - n : lanes;
      Integers values[lanes] = {};
      for (int i = 0; i < lanes && first + i < samples; i++) {
        const float* from = a + (size_t)(first + i) * inner + n;
        if (some == lanes) values[i] = (Integers)load(from);
        else memcpy(values + i, from, some * sizeof(float));
      }
      transpose(values);
      for (int i = 0; i < some; i++) store(panel + (size_t)(n + i) * samplesOfTile, (Vector)values[i]);
    }
    // The last panel is half full.
    if (half == 0 && first + lanes >= samples) {
      for (int n = 0; n < inner; n++) store(panel + (size_t)n * samplesOfTile + lanes, Vector{});
    }
  }
}

/** to[row][sample]: products of a tile's rows, `inner` apart, with a panel of samples. */
inline void multiplyRows(const float* b, int inner, const float* panel, float* to, size_t step) {
  Vector total[rowsOfTile][2] = {};
  for (int n = 0; n < inner; n++, b++, panel += samplesOfTile) {
    const Vector first = load(panel), second = load(panel + lanes);
    const float* at = b;
    CONVOY_UNROLL
    for (int row = 0; row < rowsOfTile; row++, at = opaque(at + inner)) {
      const Vector value = broadcast(*at);
      total[row][0] += value * first;
      total[row][1] += value * second;
    }
  }
  CONVOY_UNROLL
  for (int row = 0; row < rowsOfTile; row++) {
    store(to + row * step, total[row][0]);
    store(to + row * step + lanes, total[row][1]);
  }
}

/** to[samples][rows] */
CONVOY_KERNEL void rowProducts(const float* a, const float* b, int samples, int rows, int inner, float* to) {
  if (samples == 0 || rows == 0) return;
  if (inner == 0) {
    memset(to, 0, (size_t)samples * rows * sizeof(float));
    return;
  }
  static thread_local Scratch panelMemory, transposedMemory, lastMemory;
  const int panels = (samples + samplesOfTile - 1) / samplesOfTile;
  const size_t panelFloats = (size_t)samplesOfTile * inner, wide = panels * samplesOfTile;
  float* packed = panelMemory.take<float>(panels * panelFloats);
  packSamples(a, samples, inner, packed);
  float* transposed = transposedMemory.take<float>(rowsTogether * wide);
  for (int first = 0; first < rows; first += rowsTogether) {
    const int high = rows - first < rowsTogether ? rows - first : rowsTogether;
    for (int row = 0; row < high; row += rowsOfTile) {
      const float* own = b + (size_t)(first + row) * inner;
      const bool beyond = high - row < rowsOfTile;
      if (beyond) {  // zeros for the rows that are not there
        float* last = lastMemory.take<float>((size_t)rowsOfTile * inner);
        memset(last, 0, (size_t)rowsOfTile * inner * sizeof(float));
        memcpy(last, own, (size_t)(high - row) * inner * sizeof(float));
        own = last;
      }
      Prefetcher next;
      next.begin(beyond ? b + (size_t)rows * inner : own + (size_t)rowsOfTile * inner, b + (size_t)rows * inner,
                 (size_t)rowsOfTile * inner, panels);
      for (int panel = 0; panel < panels; panel++, next.next()) {
        multiplyRows(own, inner, packed + panel * panelFloats, transposed + row * wide + panel * samplesOfTile, wide);
      }
    }
    for (int row = 0; row < high; row += lanes) {
      const int some = high - row < lanes ? high - row : lanes;
      for (int sample = 0; sample < samples; sample += lanes) {
        Integers values[lanes];
        for (int i = 0; i < lanes; i++) values[i] = (Integers)load(transposed + (row + i) * wide + sample);
        transpose(values);
        for (int i = 0; i < lanes && sample + i < samples; i++) {
          float* out = to + (size_t)(sample + i) * rows + first + row;
          if (some == lanes) store(out, (Vector)values[i]);
          else memcpy(out, values + i, some * sizeof(float));
        }
      }
    }
  }
}

void inferShapes(Shapes& shapes) {
  shapes.expectRank(0, 2);
  shapes.expectRank(1, 2);
  shapes.expectEqual({1, 1}, {0, 1});
  shapes.output(0, {{0, 0}, {1, 0}});
}

constexpr Schema schema =
    Schema("ConvoyRowProducts").input("a: float").input("b: float").output("products: float").shapes(inferShapes);

class RowProducts {
 public:
  explicit RowProducts(Construction&) {}

  void compute(Call& call) const {
    const Tensor a = call.input(0, 2), b = call.input(1, 2);
    if (!a || !b || !call.expect(b.size(1) == a.size(1), 1, "rows of %d numbers", a.dim(1))) return;
    float* products = call.output<float>(0, TF_FLOAT, {a.size(0), b.size(0)});
    if (call.ok()) rowProducts(a.data<float>(), b.data<float>(), a.dim(0), b.dim(0), a.dim(1), products);
  }
};

CONVOY_REGISTER_OP(schema, RowProducts)

}  // namespace
}  // namespace convoy::row_products
