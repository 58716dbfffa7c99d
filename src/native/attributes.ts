/**
 * Names of op attributes that may reach the addon.
 *
 * tfjs-node's `binding/tfjs_backend.cc` keeps one `std::set` of attribute names for the whole process and inserts into
 * it, without a lock, at every op: two threads that insert a new name together corrupt it. Inserting a name that is
 * there already changes nothing. So the main thread inserts all of these before any worker starts, and `execute`
 * refuses names that are not here.
 *
 * The list: every name in tfjs-node 4.22's kernels (a test reads them from its sources), and those of TensorFlow 2.21's
 * op registry for arrays, arithmetic, convolution, pooling, normalization, resizing and random numbers; and those of our
 * own ops (`kernels/ops`).
 */
export const attributeNames: ReadonlySet<string> = new Set(
  `
  acceptable_fraction activation_mode adj_x adj_y align_corners allowed_devices alpha axis bad_indices_policy
  batch_dim batch_dims begin_mask beta bias block_size channels chroma_downsampling combiner compression
  concat_dimension container data_format dct_method density_unit depth_radius devices dilations display_name
  DstT dtype ellipsis_mask end end_mask epsilon equation exclusive expand_animations explicit_paddings
  exponential_avg_factor extrapolation_value fancy_upscaling fill_mode filter_format format fused_ops grad_a grad_b grad_x
  grad_y half_pixel_centers include_batch_in_index incompatible_shape_error Index index_type init interpolation is_training k
  keep_dims ksize ksizes leakyrelu_alpha message method mode N new_axis_mask num num_args num_split num_splits
  optimize_size out_idx out_type output_dtype output_shapes output_type output_types pad pad_to_max_output_size
  padding paddings pattern progressive quality R rates ratio replace_global resize_align_corners reverse rewrite
  rounds Rtype S sample_count seed seed2 seq_dim shape shape_dtype shape_type shapes shared_name
  shrink_axis_mask sorted split_dimension squeeze_dims SrcT strides summarize T T_threshold Ta Targmax TArgs
  Taxis Tb Tblock_shape Tcomplex Tcrops Tdim tensor_name TI Tidx Tindices TInput Tk Tlabels Tlen Tmultiples
  Tnumsegments Tout Tpaddings Tparams Tperm transpose_a transpose_b Truncate try_recover_truncated Tseed Tshape
  Tshift type U update_slots use_cudnn_on_gpu use_locking use_nesterov validate_indices validate_shape value
  x_density xmp_metadata y_density
  kernel relu size turned window
`
    .trim()
    .split(/\s+/),
);
