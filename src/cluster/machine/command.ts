export * from '../../base/command.ts';
