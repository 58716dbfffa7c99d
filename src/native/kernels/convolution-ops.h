// Ops of poolings and convolutions.
#pragma once
#include "call.h"

namespace {

inline void maxPool(void* attributes, TF_OpKernelContext* context) {
  const Attributes& a = *static_cast<Attributes*>(attributes);
  Call call(context, "ConvoyMaxPool");
  const TF_Tensor* x = call.input(0, 4);
  if (x == nullptr) return;
  const int64_t dims[4] = {TF_Dim(x, 0), TF_Dim(x, 1) / a.window[0], TF_Dim(x, 2) / a.window[1], TF_Dim(x, 3)};
  inTypeOf(x, [&](auto zero) {
    using T = decltype(zero);
    T* y = call.output<T>(0, TF_TensorType(x), dims);
    uint8_t* place = call.output<uint8_t>(1, TF_UINT8, dims);
    if (y == nullptr || place == nullptr) return;
    kernels->of<T>().pooling.maxPool(data<T>(x), dim(x, 0), dim(x, 1), dim(x, 2), dim(x, 3), {a.window[0], a.window[1]}, a.relu != 0, y, place);
  });
}

inline void expand(void* attributes, TF_OpKernelContext* context) {
  const Attributes& a = *static_cast<Attributes*>(attributes);
  Call call(context, "ConvoyMaxPoolGrad");
  const TF_Tensor *gradient = call.input(0, 4), *place = call.input(1, 4);
  if (gradient == nullptr || place == nullptr || !call.expect(sameShape(gradient, place), "places of another shape")) return;
  const bool fits = dim(gradient, 1) * a.window[0] <= a.size[0] && dim(gradient, 2) * a.window[1] <= a.size[1];
  if (!call.expect(fits, "windows beyond the image")) return;
  inTypeOf(gradient, [&](auto zero) {
    using T = decltype(zero);
    T* x = call.output<T>(0, TF_TensorType(gradient), {TF_Dim(gradient, 0), a.size[0], a.size[1], TF_Dim(gradient, 3)});
    if (x == nullptr) return;
    kernels->of<T>().pooling.expand(data<T>(gradient), data<uint8_t>(place), dim(gradient, 0), dim(gradient, 1), dim(gradient, 2),
                                   dim(gradient, 3), {a.window[0], a.window[1]}, a.size[0], a.size[1], x);
  });
}

/** Whether all windows of the pooling lie on outputs that the convolution has. */
inline bool reaches(const PooledConvolution& c) {
  return c.pooledRows * c.window.rows <= c.height && c.pooledColumns * c.window.columns <= c.width && c.top < c.filterRows &&
         c.left < c.filterColumns;
}

/** With `into` the output is written to a fourth input, and is that. */
template <bool into>
inline void pooledConvolution(void* attributes, TF_OpKernelContext* context) {
  const Attributes& a = *static_cast<Attributes*>(attributes);
  Call call(context, into ? "ConvoyPooledConvolutionInto" : "ConvoyPooledConvolution");
  const TF_Tensor *x = call.input(0, 4), *filter = call.input(1, 4);
  if (x == nullptr || filter == nullptr || !call.expect(dim(filter, 2) == dim(x, 3), "a filter of other channels")) return;
  const PooledConvolution c = {dim(x, 0),      dim(x, 1), dim(x, 2),  dim(x, 3),    dim(filter, 0), dim(filter, 1),
                               dim(filter, 3), a.size[0], a.size[1], a.padding[0], a.padding[1],   {2, 2}};
  if (!call.expect(reaches(c), "an output of another size")) return;
  inTypeOf(x, [&](auto zero) {
    using T = decltype(zero);
    const T* bias = call.vector<T>(2, c.outputs);
    const int64_t dims[4] = {c.images, c.pooledRows, c.pooledColumns, c.outputs};
    uint8_t* place = call.output<uint8_t>(1, TF_UINT8, dims);
    T* y;
    if (into) {
      const TF_Tensor* memory = call.input(3, 4);
      if (memory == nullptr) return;
      bool fits = true;
      for (int i = 0; i < 4; i++) fits = fits && TF_Dim(memory, i) == dims[i];
      if (!call.expect(fits, "memory of another shape")) return;
      y = static_cast<T*>(TF_TensorData(memory));
      call.give(0, memory);
    } else {
      y = call.output<T>(0, TF_TensorType(x), dims);
    }
    if (y == nullptr || place == nullptr || bias == nullptr) return;
    kernels->of<T>().pooling.convolution(c, data<T>(x), data<T>(filter), bias, a.relu != 0, y, place);
  });
}

inline void pooledFilter(void* attributes, TF_OpKernelContext* context) {
  const Attributes& a = *static_cast<Attributes*>(attributes);
  Call call(context, "ConvoyPooledFilterGrad");
  const TF_Tensor *x = call.input(0, 4), *gradient = call.input(1, 4), *place = call.input(2, 4);
  if (x == nullptr || gradient == nullptr || place == nullptr) return;
  const PooledConvolution c = {dim(x, 0),   dim(x, 1),        dim(x, 2),        dim(x, 3),        a.kernel[0],  a.kernel[1], dim(gradient, 3),
                               dim(gradient, 1), dim(gradient, 2), a.padding[0], a.padding[1], {a.window[0], a.window[1]}};
  if (!call.expect(sameShape(gradient, place), "places of another shape")) return;
  if (!call.expect(dim(gradient, 0) == c.images && reaches(c), "a gradient of another size")) return;
  float* filter = call.output<float>(0, TF_FLOAT, {c.filterRows, c.filterColumns, c.inputs, c.outputs});
  float* bias = call.output<float>(1, TF_FLOAT, {c.outputs});
  if (filter == nullptr || bias == nullptr) return;
  inTypeOf(x, [&](auto zero) {
    using T = decltype(zero);
    kernels->of<T>().pooling.filter(c, data<T>(x), data<T>(gradient), data<uint8_t>(place), filter, bias);
  });
}

inline void pooledInput(void* attributes, TF_OpKernelContext* context) {
  const Attributes& a = *static_cast<Attributes*>(attributes);
  Call call(context, "ConvoyPooledInputGrad");
  const TF_Tensor *filter = call.input(0, 4), *gradient = call.input(1, 4), *place = call.input(2, 4);
  if (filter == nullptr || gradient == nullptr || place == nullptr) return;
  const PooledConvolution c = {dim(gradient, 0), a.size[0],         a.size[1],         dim(filter, 2), dim(filter, 0), dim(filter, 1),
                               dim(filter, 3),   dim(gradient, 1), dim(gradient, 2), a.padding[0],   a.padding[1],   {a.window[0], a.window[1]}};
  if (!call.expect(sameShape(gradient, place), "places of another shape")) return;
  if (!call.expect(dim(gradient, 3) == c.outputs && reaches(c), "a gradient of another size")) return;
  inTypeOf(gradient, [&](auto zero) {
    using T = decltype(zero);
    T* x = call.output<T>(0, TF_TensorType(gradient), {c.images, c.height, c.width, c.inputs});
    if (x != nullptr) kernels->of<T>().pooling.input(c, data<T>(filter), data<T>(gradient), data<uint8_t>(place), x);
  });
}

inline void narrowDropout(void* attributes, TF_OpKernelContext* context) {
  const Attributes& a = *static_cast<Attributes*>(attributes);
  Call call(context, "ConvoyNarrowDropout");
  const TF_Tensor *x = call.input(0, 4), *filter = call.input(1, 4), *mask = call.input(3, 4);
  if (x == nullptr || filter == nullptr || mask == nullptr) return;
  const NarrowConvolution c = {dim(x, 0),        dim(x, 1),    dim(x, 2),    dim(x, 3),    dim(filter, 0), dim(filter, 1),
                               dim(filter, 3), dim(mask, 1), dim(mask, 2), a.padding[0], a.padding[1]};
  if (!call.expect(dim(filter, 2) == c.inputs, "a filter of other channels")) return;
  if (!call.expect(dim(mask, 0) == c.images && dim(mask, 3) == c.outputs, "a mask of another shape")) return;
  inTypeOf(x, [&](auto zero) {
    using T = decltype(zero);
    const T* bias = call.vector<T>(2, c.outputs);
    T* y = call.output<T>(0, TF_TensorType(x), {c.images, c.rows, c.columns, c.outputs});
    if (y != nullptr) kernels->of<T>().narrow.dropout(c, data<T>(x), data<T>(filter), bias, data<uint8_t>(mask), y);
  });
}

/** A y of rank 1 is none: the gradient is that of the convolution itself. */
inline void narrowFilter(void* attributes, TF_OpKernelContext* context) {
  const Attributes& a = *static_cast<Attributes*>(attributes);
  Call call(context, "ConvoyNarrowFilterGrad");
  const TF_Tensor *x = call.input(0, 4), *gradient = call.input(1, 4), *y = call.input(2, -1);
  if (x == nullptr || gradient == nullptr || y == nullptr) return;
  const NarrowConvolution c = {dim(x, 0),        dim(x, 1),        dim(x, 2),        dim(x, 3),    a.kernel[0], a.kernel[1],
                               dim(gradient, 3), dim(gradient, 1), dim(gradient, 2), a.padding[0], a.padding[1]};
  if (!call.expect(dim(gradient, 0) == c.images, "a gradient of another batch")) return;
  const bool rectified = TF_NumDims(y) == 4;
  if (!call.expect(!rectified || sameShape(y, gradient), "an output of another shape")) return;
  float* filter = call.output<float>(0, TF_FLOAT, {c.filterRows, c.filterColumns, c.inputs, c.outputs});
  float* bias = call.output<float>(1, TF_FLOAT, {c.outputs});
  if (filter == nullptr || bias == nullptr) return;
  inTypeOf(x, [&](auto zero) {
    using T = decltype(zero);
    kernels->of<T>().narrow.filter(c, data<T>(x), data<T>(gradient), rectified ? data<T>(y) : nullptr, filter, bias);
  });
}

}  // namespace
