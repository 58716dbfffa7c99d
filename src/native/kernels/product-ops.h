// The ops of products.
#pragma once
#include "call.h"

namespace {

/** Rows of A'B, from the one that the second number of `first` says, written over a slot that ends with B's columns. */
inline void product(void*, TF_OpKernelContext* context) {
  Call call(context, "ConvoyProduct");
  const TF_Tensor *a = call.input(0, 2), *b = call.input(1, 2), *shares = call.input(2, 2), *first = call.input(3, 1);
  const TF_Tensor* slot = call.input(4, -1);
  if (a == nullptr || b == nullptr || shares == nullptr || first == nullptr || slot == nullptr) return;
  if (!call.expect(dim(a, 0) == dim(b, 0), "factors of another batch")) return;
  const bool all = dim(shares, 0) == 0;
  if (!call.expect(all || (dim(shares, 0) == dim(a, 0) && dim(shares, 1) == 1), "shares of another batch")) return;
  if (!call.expect(dim(first, 0) == 2 && dim(slot, TF_NumDims(slot) - 1) == dim(b, 1), "a slot of another width")) return;
  int rows = 1;
  for (int i = 0; i < TF_NumDims(slot) - 1; i++) rows *= dim(slot, i);
  const Product p = {dim(a, 0), dim(a, 1), dim(b, 1), data<int32_t>(first)[1], rows};
  if (!call.expect(p.first >= 0 && p.first + rows <= p.inputs, "a slot beyond the product")) return;
  inTypeOf(a, [&](auto zero) {
    using T = decltype(zero);
    float* to = static_cast<float*>(TF_TensorData(slot));
    kernels->of<T>().product(p, data<T>(a), data<float>(b), all ? nullptr : data<float>(shares), to);
  });
  call.give(0, slot);
}

inline void rowProducts(void*, TF_OpKernelContext* context) {
  Call call(context, "ConvoyRowProducts");
  const TF_Tensor *a = call.input(0, 2), *b = call.input(1, 2);
  if (a == nullptr || b == nullptr || !call.expect(dim(a, 1) == dim(b, 1), "rows of another length")) return;
  float* to = call.output<float>(0, TF_FLOAT, {TF_Dim(a, 0), TF_Dim(b, 0)});
  if (to != nullptr) kernels->rowProducts(data<float>(a), data<float>(b), dim(a, 0), dim(b, 0), dim(a, 1), to);
}

}  // namespace
