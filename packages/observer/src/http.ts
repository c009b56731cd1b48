/**
 * Node's HTTP, without what an `import` of it costs: that reads each of its exports, and with `WebSocket` comes all of undici,
 * 12 MB of memory that nothing here uses.
 */
export const http = process.getBuiltinModule('node:http');
