/** The types that a column of Pixie's can have (vizierapi.proto, DataType). */
export type Type = 'BOOLEAN' | 'INT64' | 'UINT128' | 'FLOAT64' | 'STRING' | 'TIME64NS';

export type Schema = ReadonlyMap<string, Type>;

const schema = (columns: Readonly<Partial<Record<Type, string>>>): Schema =>
  new Map(
    Object.entries(columns).flatMap(([type, names]) =>
      names.split(' ').map((name): [string, Type] => [name, type as Type]),
    ),
  );

/** The tables of Pixie's that our scripts read, as its node agents fill them (docs.px.dev/reference/datatables). */
export const TABLES: ReadonlyMap<string, Schema> = new Map([
  [
    'process_stats',
    schema({
      TIME64NS: 'time_',
      UINT128: 'upid',
      INT64:
        'major_faults minor_faults cpu_utime_ns cpu_ktime_ns num_threads vsize_bytes rss_bytes rchar_bytes wchar_bytes read_bytes write_bytes',
    }),
  ],
  [
    'network_stats',
    schema({
      TIME64NS: 'time_',
      STRING: 'pod_id',
      INT64: 'rx_bytes rx_packets rx_errors rx_drops tx_bytes tx_packets tx_errors tx_drops',
    }),
  ],
  [
    'conn_stats',
    schema({
      TIME64NS: 'time_',
      UINT128: 'upid',
      STRING: 'remote_addr',
      INT64:
        'remote_port trace_role addr_family protocol conn_open conn_close conn_active bytes_sent bytes_recv',
      BOOLEAN: 'ssl',
    }),
  ],
  [
    'http_events',
    schema({
      TIME64NS: 'time_',
      UINT128: 'upid',
      STRING:
        'remote_addr local_addr req_headers req_method req_path req_body resp_headers resp_message resp_body',
      INT64:
        'remote_port local_port trace_role major_version minor_version content_type req_body_size resp_status resp_body_size latency',
      BOOLEAN: 'encrypted',
    }),
  ],
  [
    'dns_events',
    schema({
      TIME64NS: 'time_',
      UINT128: 'upid',
      STRING: 'remote_addr local_addr req_header req_body resp_header resp_body',
      INT64: 'remote_port local_port trace_role latency',
      BOOLEAN: 'encrypted',
    }),
  ],
]);

/** What people sent each other: never read, so that it can never be kept. */
export const PRIVATE_COLUMNS: ReadonlySet<string> = new Set([
  'req_headers',
  'req_body',
  'resp_headers',
  'resp_body',
]);
