import protobuf, { type IField, type IType } from 'protobufjs';

/** Fields of one message, each written as in Pixie's own table of fields: name, perhaps `repeated`, type, number. */
const message = (...lines: readonly string[]): IType => ({
  fields: Object.fromEntries(
    lines.map((line): [string, IField] => {
      const [name = '', ...words] = line.split(' ');
      const rule = words.length === 3 ? { rule: 'repeated', options: { packed: true } } : {};
      return [name, { ...rule, type: words.at(-2) ?? '', id: Number(words.at(-1)) }];
    }),
  ),
});

/**
 * Pixie's messages, by their field numbers alone and independent of the client's own definitions, so that a wrong
 * number on either side shows. A oneof leaves no trace on the wire, so none is declared.
 */
const PIXIE = protobuf.Root.fromJSON({
  nested: {
    DataType: {
      values: { DATA_TYPE_UNKNOWN: 0, BOOLEAN: 1, INT64: 2, UINT128: 3, FLOAT64: 4, STRING: 5, TIME64NS: 6 },
    },
    ClusterStatus: {
      values: {
        UNKNOWN: 0,
        HEALTHY: 1,
        UNHEALTHY: 2,
        DISCONNECTED: 3,
        UPDATING: 4,
        CONNECTED: 5,
        UPDATE_FAILED: 6,
        DEGRADED: 7,
      },
    },
    LifeCycleState: { values: { UNKNOWN: 0, PENDING: 1, RUNNING: 2, FAILED: 3, TERMINATED: 4 } },

    UInt128: message('low uint64 1', 'high uint64 2'),
    BooleanColumn: message('data repeated bool 1'),
    Int64Column: message('data repeated int64 1'),
    UInt128Column: message('data repeated UInt128 1'),
    Time64NSColumn: message('data repeated int64 1'),
    Float64Column: message('data repeated double 1'),
    StringColumn: message('data repeated bytes 1'),
    Column: message(
      'boolean_data BooleanColumn 1',
      'int64_data Int64Column 2',
      'uint128_data UInt128Column 3',
      'time64ns_data Time64NSColumn 4',
      'float64_data Float64Column 5',
      'string_data StringColumn 6',
    ),
    RowBatchData: message(
      'cols repeated Column 1',
      'num_rows int64 2',
      'eow bool 3',
      'eos bool 4',
      'table_id string 5',
    ),

    ColumnInfo: message(
      'column_name string 1',
      'column_type DataType 2',
      'column_desc string 3',
      'column_semantic_type int32 4',
    ),
    Relation: message('columns repeated ColumnInfo 1'),
    QueryMetadata: message('relation Relation 1', 'name string 2', 'id string 3'),

    CompilerError: message('line uint64 1', 'column uint64 2', 'message string 3'),
    ErrorDetails: message('compiler_error CompilerError 1'),
    Status: message('code int32 1', 'message string 2', 'error_details repeated ErrorDetails 4'),
    MutationState: message('id string 1', 'state LifeCycleState 2', 'name string 3'),
    MutationInfo: message('status Status 1', 'states repeated MutationState 2'),

    QueryTimingInfo: message('execution_time_ns int64 1', 'compilation_time_ns int64 2'),
    QueryExecutionStats: message(
      'timing QueryTimingInfo 1',
      'bytes_processed int64 2',
      'records_processed int64 3',
    ),
    QueryData: message(
      'batch RowBatchData 1',
      'execution_stats QueryExecutionStats 2',
      'encrypted_batch bytes 3',
    ),

    EncryptionOptions: message(
      'jwk_key string 1',
      'key_alg string 2',
      'content_alg string 3',
      'compression_alg string 4',
    ),
    ExecuteScriptRequest: message(
      'query_str string 1',
      'cluster_id string 3',
      'mutation bool 5',
      'encryption_options EncryptionOptions 6',
      'query_id string 7',
      'query_name string 10',
    ),
    ExecuteScriptResponse: message(
      'status Status 1',
      'query_id string 2',
      'data QueryData 3',
      'meta_data QueryMetadata 4',
      'mutation_info MutationInfo 5',
    ),
    /** ExecuteScriptResponse and QueryData again, for batches that are bytes already. */
    QueryDataOfBytes: message('batch bytes 1', 'encrypted_batch bytes 3'),
    ResponseOfBytes: message('query_id string 2', 'data QueryDataOfBytes 3'),

    HealthCheckRequest: message('cluster_id string 1'),
    HealthCheckResponse: message('status Status 1'),

    UUID: message('high_bits uint64 2', 'low_bits uint64 3'),
    GetClusterInfoRequest: message('id UUID 1'),
    GetClusterInfoResponse: message('clusters repeated ClusterInfo 1'),
    ClusterInfo: message(
      'id UUID 1',
      'status ClusterStatus 2',
      'lastHeartbeatNs int64 3',
      'cluster_uid string 5',
      'cluster_name string 6',
      'cluster_version string 7',
      'vizier_version string 8',
      'pretty_cluster_name string 9',
      'num_nodes int32 11',
      'num_instrumented_nodes int32 12',
      'status_message string 13',
    ),
  },
});

/** The bytes of a message from a plain object; 64-bit figures may be bigint, enums may be names. */
export const encode = (name: string, value: object): Buffer => {
  const type = PIXIE.lookupType(name);
  return Buffer.from(type.encode(type.fromObject(value as Record<string, unknown>)).finish());
};

/** A message as a plain object: absent scalars are their defaults, absent messages null, 64-bit figures digits. */
export const decode = (name: string, bytes: Uint8Array): Record<string, unknown> => {
  const type = PIXIE.lookupType(name);
  return type.toObject(type.decode(bytes), { longs: String, defaults: true });
};
