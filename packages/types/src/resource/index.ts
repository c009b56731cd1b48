export * from './kernel-reading.ts';
export * from './kernel-whisper.ts';
export * from './kinds.ts';
export * from './metadata.ts';
export * from './pod-birth-certificate.ts';
export * from './remediation-policy.ts';
export * from './remedy.ts';
