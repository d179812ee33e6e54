/** etcd's messages (etcdserverpb and mvccpb, v3): the fields that are spoken here, with their numbers. */
import { message, type Message } from './codec.ts';

export interface Header {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly revision: number;
  readonly term: number;
}
export const header = message<Header>({ clusterId: [1, 'id'], memberId: [2, 'id'], revision: [3, 'int'], term: [4, 'int'] });

export interface KeyValue {
  readonly key: string;
  readonly createRevision?: number;
  readonly modRevision: number;
  readonly version?: number;
  readonly value?: Uint8Array;
  readonly lease?: bigint;
}
export const keyValue = message<KeyValue>({ key: [1, 'key'], createRevision: [2, 'int'], modRevision: [3, 'int'], version: [4, 'int'], value: [5, 'bytes'], lease: [6, 'id'] });

export interface RangeRequest {
  readonly key: string;
  readonly rangeEnd: string;
  readonly limit: number;
  readonly revision: number;
  readonly sortOrder: number;
  readonly sortTarget: number;
  readonly serializable: boolean;
  readonly keysOnly: boolean;
  readonly countOnly: boolean;
  readonly minModRevision: number;
  readonly maxModRevision: number;
  readonly minCreateRevision: number;
  readonly maxCreateRevision: number;
}
export const rangeRequest = message<RangeRequest>({
  key: [1, 'key'], rangeEnd: [2, 'key'], limit: [3, 'int'], revision: [4, 'int'], sortOrder: [5, 'int'], sortTarget: [6, 'int'], serializable: [7, 'bool'], keysOnly: [8, 'bool'],
  countOnly: [9, 'bool'], minModRevision: [10, 'int'], maxModRevision: [11, 'int'], minCreateRevision: [12, 'int'], maxCreateRevision: [13, 'int'],
});
export interface RangeResponse {
  readonly header?: Header;
  readonly kvs?: readonly KeyValue[];
  readonly more?: boolean;
  readonly count?: number;
}
export const rangeResponse = message<RangeResponse>({ header: [1, header], kvs: [2, keyValue, 'many'], more: [3, 'bool'], count: [4, 'int'] });

export interface PutRequest {
  readonly key: string;
  readonly value: Uint8Array;
  readonly lease: bigint;
  readonly prevKv: boolean;
  readonly ignoreValue: boolean;
  readonly ignoreLease: boolean;
}
export const putRequest = message<PutRequest>({ key: [1, 'key'], value: [2, 'bytes'], lease: [3, 'id'], prevKv: [4, 'bool'], ignoreValue: [5, 'bool'], ignoreLease: [6, 'bool'] });
export interface PutResponse {
  readonly header?: Header;
  readonly prevKv?: KeyValue;
}
export const putResponse = message<PutResponse>({ header: [1, header], prevKv: [2, keyValue] });

export interface DeleteRequest {
  readonly key: string;
  readonly rangeEnd: string;
  readonly prevKv: boolean;
}
export const deleteRequest = message<DeleteRequest>({ key: [1, 'key'], rangeEnd: [2, 'key'], prevKv: [3, 'bool'] });
export interface DeleteResponse {
  readonly header?: Header;
  readonly deleted?: number;
  readonly prevKvs?: readonly KeyValue[];
}
export const deleteResponse = message<DeleteResponse>({ header: [1, header], deleted: [2, 'int'], prevKvs: [3, keyValue, 'many'] });

export interface Compare {
  readonly result: number;
  readonly target: number;
  readonly key: string;
  readonly version: number;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly value: Uint8Array;
  readonly lease: bigint;
  readonly rangeEnd: string;
}
export const compare = message<Compare>({
  result: [1, 'int'], target: [2, 'int'], key: [3, 'key'], version: [4, 'int'], createRevision: [5, 'int'], modRevision: [6, 'int'], value: [7, 'bytes'], lease: [8, 'id'], rangeEnd: [64, 'key'],
});
/** One of them. */
export interface RequestOp {
  readonly range?: RangeRequest;
  readonly put?: PutRequest;
  readonly deleteRange?: DeleteRequest;
  readonly txn?: TxnRequest;
}
export interface TxnRequest {
  readonly compare: readonly Compare[];
  readonly success: readonly RequestOp[];
  readonly failure: readonly RequestOp[];
}
const requestOp: Message<RequestOp> = message<RequestOp>({ range: [1, rangeRequest], put: [2, putRequest], deleteRange: [3, deleteRequest], txn: [4, () => txnRequest] });
export const txnRequest: Message<TxnRequest> = message<TxnRequest>({ compare: [1, compare, 'many'], success: [2, requestOp, 'many'], failure: [3, requestOp, 'many'] });
export interface ResponseOp {
  readonly range?: RangeResponse;
  readonly put?: PutResponse;
  readonly deleteRange?: DeleteResponse;
  readonly txn?: TxnResponse;
}
export interface TxnResponse {
  readonly header?: Header;
  readonly succeeded: boolean;
  readonly responses: readonly ResponseOp[];
}
const responseOp: Message<ResponseOp> = message<ResponseOp>({ range: [1, rangeResponse], put: [2, putResponse], deleteRange: [3, deleteResponse], txn: [4, () => txnResponse] });
export const txnResponse: Message<TxnResponse> = message<TxnResponse>({ header: [1, header], succeeded: [2, 'bool'], responses: [3, responseOp, 'many'] });

export interface HeaderOnly {
  readonly header?: Header;
}
export const headerOnly = message<HeaderOnly>({ header: [1, header] });
export const nothing = message<object>({});
export const compactionRequest = message<{ readonly revision: number; readonly physical: boolean }>({ revision: [1, 'int'], physical: [2, 'bool'] });

export interface WatchCreate {
  readonly key: string;
  readonly rangeEnd: string;
  readonly startRevision: number;
  readonly progressNotify: boolean;
  readonly filters: readonly number[];
  readonly prevKv: boolean;
  readonly watchId: bigint;
  readonly fragment: boolean;
}
const watchCreate = message<WatchCreate>({
  key: [1, 'key'], rangeEnd: [2, 'key'], startRevision: [3, 'int'], progressNotify: [4, 'bool'], filters: [5, 'int', 'many'], prevKv: [6, 'bool'], watchId: [7, 'id'], fragment: [8, 'bool'],
});
export interface WatchRequest {
  readonly create?: WatchCreate;
  readonly cancel?: { readonly watchId: bigint };
  readonly progress?: object;
}
export const watchRequest = message<WatchRequest>({ create: [1, watchCreate], cancel: [2, message<{ watchId: bigint }>({ watchId: [1, 'id'] })], progress: [3, nothing] });
export interface WatchEvent {
  /** 0 put, 1 delete. */
  readonly type: number;
  readonly kv: KeyValue;
  readonly prevKv?: KeyValue | undefined;
}
export interface WatchResponse {
  readonly header: Header;
  readonly watchId: bigint;
  readonly created?: boolean;
  readonly canceled?: boolean;
  readonly compactRevision?: number;
  readonly cancelReason?: string;
  readonly fragment?: boolean;
  readonly events?: readonly WatchEvent[];
}
export const watchEvent = message<WatchEvent>({ type: [1, 'int'], kv: [2, keyValue], prevKv: [3, keyValue] });
export const watchResponse = message<WatchResponse>({
  header: [1, header], watchId: [2, 'id'], created: [3, 'bool'], canceled: [4, 'bool'], compactRevision: [5, 'int'], cancelReason: [6, 'text'], fragment: [7, 'bool'], events: [11, watchEvent, 'many'],
});

export const leaseGrantRequest = message<{ readonly ttl: number; readonly id: bigint }>({ ttl: [1, 'int'], id: [2, 'id'] });
/** Of a grant and of a keep-alive. */
export interface LeaseTerm extends HeaderOnly {
  readonly id: bigint;
  readonly ttl: number;
}
export const leaseTerm = message<LeaseTerm>({ header: [1, header], id: [2, 'id'], ttl: [3, 'int'] });
export const leaseName = message<{ readonly id: bigint }>({ id: [1, 'id'] });
export const leaseTimeRequest = message<{ readonly id: bigint; readonly keys: boolean }>({ id: [1, 'id'], keys: [2, 'bool'] });
export interface LeaseTime extends LeaseTerm {
  readonly granted?: number;
  readonly keys?: readonly string[];
}
export const leaseTime = message<LeaseTime>({ header: [1, header], id: [2, 'id'], ttl: [3, 'int'], granted: [4, 'int'], keys: [5, 'key', 'many'] });
export interface LeaseList extends HeaderOnly {
  readonly leases: readonly { readonly id: bigint }[];
}
export const leaseList = message<LeaseList>({ header: [1, header], leases: [2, leaseName, 'many'] });

export interface Alarm {
  readonly memberId: bigint;
  readonly alarm: number;
}
const alarmMember = message<Alarm>({ memberId: [1, 'id'], alarm: [2, 'int'] });
export const alarmRequest = message<Alarm & { readonly action: number }>({ action: [1, 'int'], memberId: [2, 'id'], alarm: [3, 'int'] });
export const alarmResponse = message<HeaderOnly & { readonly alarms: readonly Alarm[] }>({ header: [1, header], alarms: [2, alarmMember, 'many'] });

export interface StatusResponse extends HeaderOnly {
  readonly version: string;
  readonly dbSize: number;
  readonly leader: bigint;
  readonly raftIndex: number;
  readonly raftTerm: number;
  readonly raftAppliedIndex: number;
  readonly errors: readonly string[];
  readonly dbSizeInUse: number;
  readonly dbSizeQuota: number;
}
export const statusResponse = message<StatusResponse>({
  header: [1, header], version: [2, 'text'], dbSize: [3, 'int'], leader: [4, 'id'], raftIndex: [5, 'int'], raftTerm: [6, 'int'], raftAppliedIndex: [7, 'int'], errors: [8, 'text', 'many'],
  dbSizeInUse: [9, 'int'], dbSizeQuota: [12, 'int'],
});
export const hashResponse = message<HeaderOnly & { readonly hash: number }>({ header: [1, header], hash: [2, 'int'] });
export const hashKvRequest = message<{ readonly revision: number }>({ revision: [1, 'int'] });
export const hashKvResponse = message<HeaderOnly & { readonly hash: number; readonly compactRevision: number; readonly hashRevision: number }>({
  header: [1, header], hash: [2, 'int'], compactRevision: [3, 'int'], hashRevision: [4, 'int'],
});
export const snapshotResponse = message<HeaderOnly & { readonly remaining: number; readonly blob: Uint8Array; readonly version: string }>({
  header: [1, header], remaining: [2, 'int'], blob: [3, 'bytes'], version: [4, 'text'],
});

export interface MemberInfo {
  readonly id: bigint;
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
}
export const memberInfo = message<MemberInfo>({ id: [1, 'id'], name: [2, 'text'], peerUrls: [3, 'text', 'many'], clientUrls: [4, 'text', 'many'] });
export const memberList = message<HeaderOnly & { readonly members: readonly MemberInfo[] }>({ header: [1, header], members: [2, memberInfo, 'many'] });
export const authStatus = message<HeaderOnly & { readonly enabled: boolean; readonly revision: number }>({ header: [1, header], enabled: [2, 'bool'], revision: [3, 'int'] });
