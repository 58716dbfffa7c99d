// Kernels that TensorFlow does not have, does not have for the shapes that matter here, or has with worse sums.
//
// Of every window of the pooling one element has a gradient, the others have none. TensorFlow, as PyTorch, writes that
// sparse gradient out and convolves it; here only the elements that have one are multiplied: a quarter of the products
// of a 2x2 pooling, and none for those that a ReLU behind it has set to zero.
//
// Sums over a batch, as normalizations take them, TensorFlow adds up in float32, one number after the other.
//
// Images are [N, H, W, C] in rows (channels last), filters [KH, KW, Ci, Co], all float32 but where T stands, which may be
// bfloat16 too. Every sum is in float32 or float64 and has one fixed order, whatever the width of the vectors, so that the
// only difference between processors is how a product is rounded; but where pairs of bfloat16 are multiplied (pairs.h,
// product.h), both products of a pair go into the sum at once.
#pragma once
#include <cstddef>
#include <cstdint>

namespace convoy {

/** Where windows of a pooling lie: side by side, rows x columns elements each. */
struct Window {
  int rows, columns;
};

/** In place of an element's: of a window that a ReLU behind the pooling makes 0, which has no gradient. */
constexpr uint8_t noPlace = 255;

/** A convolution of stride 1 before a pooling; its output is [N, window.rows * PH, window.columns * PW, Co] or has a rest behind it. */
struct PooledConvolution {
  int images, height, width, inputs;  // x
  int filterRows, filterColumns, outputs;
  int pooledRows, pooledColumns;
  int top, left;  // zeros above and to the left of x
  Window window;
};

/** A convolution of stride 1 with few input channels; its output is [N, rows, columns, outputs]. */
struct NarrowConvolution {
  int images, height, width, inputs;
  int filterRows, filterColumns, outputs;
  int rows, columns;
  int top, left;
};

/** Rows `first` and further of a product A'B of A[samples, inputs] and B[samples, columns]. */
struct Product {
  int samples, inputs, columns;
  int first, rows;
};

/** A batch normalization of x[rows, channels]. */
struct BatchNorm {
  int64_t rows;
  int channels;
  float epsilon;  // added to variances
  bool rectified;  // a ReLU follows
};

/** The upper half of a float32. */
struct Bfloat16 {
  uint16_t bits;
};

/** Batch normalization of x in type T. */
template <typename T>
struct BatchNormKernels {
  /** Of each channel mean and biased variance, and what normalizes it: (x - mean) * scale + shift. */
  void (*statistics)(const BatchNorm&, const T* x, const float* gamma, const float* beta, float* mean, float* variance, float* scale,
                     float* shift);
  /** y: the normalized x. */
  void (*normalize)(const BatchNorm&, const T* x, const float* mean, const float* scale, const float* shift, T* y);
  /** Gradients to x (which may lie where y's does), gamma and beta from that of y, through the statistics too. */
  void (*gradient)(const BatchNorm&, const T* gradient, const T* x, const float* mean, const float* variance, const float* scale,
                   const float* shift, T* xGradient, float* gamma, float* beta);
};

/** Poolings of x in type T, and the convolutions before them. */
template <typename T>
struct PoolingKernels {
  /** y[N, PH, PW, C]: the greatest of each window, and which of its elements that is (the first of equals), in row order; or rectified. */
  void (*maxPool)(const T* x, int images, int height, int width, int channels, Window, bool rectified, T* y, uint8_t* place);
  /** The same of a convolution's output, with windows of 2x2; null where TensorFlow's convolution and `maxPool` are no slower. */
  void (*convolution)(const PooledConvolution&, const T* x, const T* filter, const T* bias, bool rectified, T* y, uint8_t* place);
  /** Gradient to the pooling's x[N, height, width, C] from that of its output [N, rows, columns, C]. */
  void (*expand)(const T* gradient, const uint8_t* place, int images, int rows, int columns, int channels, Window, int height, int width,
                 T* x);
  /** Gradients to the filter and a bias from that of the pooling's output. */
  void (*filter)(const PooledConvolution&, const T* x, const T* gradient, const uint8_t* place, float* filter, float* bias);
  /** Gradient to x. */
  void (*input)(const PooledConvolution&, const T* filter, const T* gradient, const uint8_t* place, T* x);
};

/** Convolutions of x of few channels in type T. */
template <typename T>
struct NarrowKernels {
  /** y: x convolved, plus bias, where that is positive and a mask of y's shape is not 0; else 0. */
  void (*dropout)(const NarrowConvolution&, const T* x, const T* filter, const T* bias, const uint8_t* mask, T* y);
  /** Gradients to the filter and a bias from that of the convolution's own output, or with y from that of its rectified y. */
  void (*filter)(const NarrowConvolution&, const T* x, const T* gradient, const T* y, float* filter, float* bias);
};

/** What there is for numbers of type T. */
template <typename T>
struct TypedKernels {
  /** to[rows, columns]: sums over samples of A times B, B times the sample's share (without shares each counts 1) as T has it. */
  void (*product)(const Product&, const T* a, const float* b, const float* shares, float* to);
  NarrowKernels<T> narrow;
  PoolingKernels<T> pooling;
  BatchNormKernels<T> batchNorm;
};

/** The functions below, for one instruction set. */
struct Kernels {
  const char* instructions;
  TypedKernels<float> float32;
  TypedKernels<Bfloat16> bfloat16;
  /** to[samples, rows]: products of each row of A[samples, inner] with each of B[rows, inner]. */
  void (*rowProducts)(const float* a, const float* b, int samples, int rows, int inner, float* to);

  /** Those for numbers of type T. */
  template <typename T>
  const TypedKernels<T>& of() const;
};

template <>
inline const TypedKernels<float>& Kernels::of() const {
  return float32;
}
template <>
inline const TypedKernels<Bfloat16>& Kernels::of() const {
  return bfloat16;
}

/** One for each instruction set that was compiled, from `vector.cc`. */
extern const Kernels avx2Kernels;
extern const Kernels avx512Kernels;
extern const Kernels avx512Bf16Kernels;

}  // namespace convoy
