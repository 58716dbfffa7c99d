// The gradient to x of a pooled convolution: patches of the filter, added up in a line buffer.
#pragma once
#include "row-sums.h"

namespace convoy {
namespace {

/** The rows of x that one row of windows reaches, the zeros around x, and room for the end of the last patch. */
template <typename T>
class GradientLines {
 public:
  /** Rows of patches have `padded` numbers. */
  GradientLines(const PooledConvolution& c, int padded, Scratch& memory)
      : c_(c),
        rows_(c.window.rows + c.filterRows - 1),
        line_((size_t)(c.width + c.filterColumns - 1) * c.inputs),
        floats_(rows_ * line_ + padded) {
    lines_ = memory.take<float>(floats_);
  }
  int rows() const { return rows_; }
  size_t line() const { return line_; }
  /** Where the patches of a column begin in the first row. */
  float* column(int column) const { return lines_ + (size_t)column * c_.inputs; }
  void clear() { memset(lines_, 0, floats_ * sizeof(float)); }
  /** Writes the rows that no later row of windows reaches to an image and makes room for the next. */
  void advance(int windowRow, T* image) {
    for (int k = 0; k < c_.window.rows; k++) emit(windowRow * c_.window.rows + k, k, image);
    memmove(lines_, lines_ + c_.window.rows * line_, (rows_ - c_.window.rows) * line_ * sizeof(float));
    memset(lines_ + (rows_ - c_.window.rows) * line_, 0, c_.window.rows * line_ * sizeof(float));
  }
  /** Writes what is left, and the rows that no window reaches, which it has zeros for at its end. */
  void finish(T* image) const {
    for (int k = c_.pooledRows * c_.window.rows; k < c_.height + c_.top; k++) {
      const int left = k - c_.pooledRows * c_.window.rows;
      emit(k, left < rows_ ? left : rows_ - 1, image);
    }
  }

 private:
  void emit(int from, int row, T* image) const {
    const int to = from - c_.top;
    if (to < 0 || to >= c_.height) return;
    copy(lines_ + row * line_ + (size_t)c_.left * c_.inputs, (size_t)c_.width * c_.inputs,
         image + (size_t)to * c_.width * c_.inputs);
  }

  const PooledConvolution& c_;
  int rows_;
  size_t line_, floats_;
  float* lines_;
};

/** How the patches of a row of windows are added to the line buffer. */
template <typename T, typename Weight, typename List>
class PatchSum {
 public:
  /** `transposed` is the filter, [filter row][output][padded]. */
  PatchSum(const PooledConvolution& c, const SumTiles<Weight, List>& sums, int padded, const Weight* transposed,
           const GradientLines<T>& lines)
      : c_(c),
        sum_(sums, c.filterRows, padded),
        transposed_(transposed),
        filterStep_(c.outputs * padded),
        lines_(lines) {
    const bool near = c.filterRows * filterStep_ * sizeof(Weight) <= firstLevelWeights;
    together_ = sum_.together(c.window.rows) && near && (size_t)padded <= lines.line();
  }
  /** What is added to the offsets of a window's row: where each row of the buffer is summed by itself, the filter's row
   * is one less. */
  int offset(int windowRow) const { return together_ ? 0 : -windowRow * filterStep_; }
  /** `starts` says where lists of entries begin: by the column of x where their patches begin, within it by row of the
   * window. */
  void add(const int* starts, List entries) const {
    const int across = c_.pooledColumns * c_.window.columns, high = c_.window.rows;
    if (together_) {
      for (int column = 0; column < across; column++) {
        sum_.addWindow(lines_.column(column), lines_.line(), transposed_, filterStep_, entries, starts + column * high,
                       high);
      }
      return;
    }
    // A row after the other: the rows of the filter that reach it stay in the first-level cache for all columns.
    for (int k = 0; k < lines_.rows(); k++) {
      const int first = k - c_.filterRows + 1 > 0 ? k - c_.filterRows + 1 : 0;
      const int behind = (k < high - 1 ? k : high - 1) + 1;
      for (int column = 0; column < across; column++) {
        const int from = starts[column * high + first], to = starts[column * high + behind];
        if (to > from)
          sum_.add(lines_.column(column) + k * lines_.line(), transposed_ + (std::ptrdiff_t)k * filterStep_,
                   entries.from(from), to - from);
      }
    }
  }

 private:
  const PooledConvolution& c_;
  const RowSum<Weight, List> sum_;
  const Weight* transposed_;
  int filterStep_;
  const GradientLines<T>& lines_;
  bool together_;
};

}  // namespace
}  // namespace convoy
