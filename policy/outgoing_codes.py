"""Code lists of what goes out (推送、跟踪): deliveries, broadcasts, check-ins, follow-up and services.

Owns the codes and their Chinese names. Values are stored, so none is ever changed or reused.
"""

from policy.codes import Code


class DeliveryState(Code):
    """Where one message to one person stands (投递状态)."""

    QUEUED = "queued", "待发送"
    SENDING = "sending", "发送中"
    SENT = "sent", "已发送"
    PAUSED = "paused", "等待放行"
    HELD = "held", "等对方下次联系"
    FAILED = "failed", "发送失败"
    REFUSED = "refused", "对方收不到"
    EXPIRED = "expired", "已过期"
    SKIPPED = "skipped", "按规则未发"
    UNKNOWN = "unknown", "结果不明"


class SkipReason(Code):
    """Why a message was not sent although it could have been (未发原因)."""

    OPTED_OUT = "opted_out", "已退订"
    NO_CONSENT = "no_consent", "未同意推送"
    CAP = "cap", "超过推送频次"
    UNREACHABLE = "unreachable", "没有可用渠道"
    BLOCKED = "blocked", "对方已取关或拉黑"
    ERASED = "erased", "信息已删除"
    CANCELLED = "cancelled", "已取消"
    SETTLED = "settled", "情况已变，不用再发"
    EXPIRED = "expired", "过了时效"
    NOTHING_FITS = "nothing_fits", "没有合适的岗位"


class PurposeKind(Code):
    """What a message is for (推送类型)."""

    BROADCAST = "broadcast", "群发"
    MATCH = "match", "岗位推荐"
    BUNDLE = "bundle", "示范岗位"
    CHECK_IN = "check_in", "见习回访"
    FOLLOW_UP = "follow_up", "后续跟踪"
    NUDGE = "nudge", "报名提醒"
    RENEWAL = "renewal", "意愿确认"
    EXPIRY = "expiry", "资格到期提醒"
    EVENT = "event", "活动提醒"
    STATUS = "status", "办理进度"
    STAFF = "staff", "工作提醒"


class BroadcastState(Code):
    """Where a broadcast stands (群发状态)."""

    DRAFT = "draft", "草稿"
    WAITING = "waiting", "待复核"
    APPROVED = "approved", "已复核"
    SCHEDULED = "scheduled", "已定时"
    CANARY = "canary", "试发中"
    RUNNING = "running", "发送中"
    PAUSED = "paused", "已暂停"
    STOPPED = "stopped", "异常停止"
    CANCELLED = "cancelled", "已取消"
    DONE = "done", "已完成"


class CheckInKind(Code):
    """When during an internship a person is asked (回访时点)."""

    ARRIVAL = "arrival", "到岗回访"
    MONTHLY = "monthly", "月度回访"
    END = "end", "期满回访"
    HOST = "host", "单位回访"


class StepState(Code):
    """Where a planned contact stands (计划联系状态)."""

    PLANNED = "planned", "未到时间"
    ASKED = "asked", "已发出"
    ANSWERED = "answered", "已回复"
    SILENT = "silent", "未回复"
    SKIPPED = "skipped", "未发"


class PlanState(Code):
    """Where the follow-up of a person stands (跟踪状态)."""

    RUNNING = "running", "跟踪中"
    ESCALATED = "escalated", "转人工跟进"
    SETTLED = "settled", "已落实"
    STOPPED = "stopped", "已停止"


class Situation(Code):
    """What a person says about their life after the internship (近况)."""

    WORKING = "working", "已经上班"
    LOOKING = "looking", "正在找工作"
    BUSINESS = "business", "自己创业"
    TRAINING = "training", "想参加培训"
    NOT_NOW = "not_now", "暂时不找"
    PERSON = "person", "想和工作人员聊聊"


class EmploymentKind(Code):
    """How somebody is employed (就业形式)."""

    CONTRACT = "contract", "签了劳动合同"
    FLEXIBLE = "flexible", "灵活就业"
    PUBLIC = "public", "考上公务员或事业编"
    OWN = "own", "自己当老板"
    OTHER = "other", "其他"


class ServiceKind(Code):
    """Services counted per person ("131"服务), 国办发〔2022〕13号; policy talks since 2023."""

    GUIDANCE = "guidance", "职业指导"
    JOB = "job", "岗位推荐"
    TRAINING = "training", "培训或见习机会"
    POLICY = "policy", "政策宣介"
    STARTUP = "startup", "创业服务"


class CaseKind(Code):
    """What waits for a clerk (待办类型)."""

    HAND_OVER = "hand_over", "找工作人员"
    IDENTITY_CONFLICT = "identity_conflict", "身份信息冲突"
    REVIEW_REQUEST = "review_request", "申请复核"
    REGISTER_MATCH = "register_match", "名册比对待确认"
    APPLY_POSITION = "apply_position", "报名岗位"
    HOST_APPLICATION = "host_application", "单位申报"
    PROBLEM = "internship_problem", "见习中反映问题"
    STIPEND_UNPAID = "stipend_unpaid", "补贴未发"
    END_ONLY_PAYMENT = "end_only_payment", "期满集中发放"
    UNSAFE = "unsafe", "安全问题"
    GUIDANCE = "guidance", "职业指导预约"
    STARTUP = "startup", "创业帮扶"
    TRAINING = "training", "培训报名"
    CALL = "call", "电话跟进"
    VISIT = "visit", "上门走访"
    RETENTION_CHECK = "retention_check", "留用核查"
    UNKNOWN_DELIVERY = "unknown_delivery", "投递结果不明"
    CERTIFICATE = "certificate_request", "见习证明"
    RESULT = "result_reported", "去向核实"
    ARRIVAL = "arrival_reported", "到岗待确认"
