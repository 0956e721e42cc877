"""Code lists of the internship ledger (见习台账): hosts, positions, internships, subsidies, outreach, events.

Owns the codes and their Chinese names; what may follow what is in `policy.life_cycle`. Values are stored, so
none is ever changed or reused.
"""

from policy.codes import Code


class HostKind(Code):
    """Kind of internship host (见习单位类型), by the four groups of 人社部发〔2023〕27号 二(二)."""

    RESEARCH_UNIVERSITY = "research_university", "研究型大学"
    RESEARCH_INSTITUTE = "research_institute", "科研院所"
    TECHNOLOGY_ENTERPRISE = "technology_enterprise", "科技型企业"
    LEADING_MANUFACTURER = "leading_manufacturer", "制造业龙头企业"
    SINGLE_CHAMPION = "single_champion", "单项冠军企业"
    LITTLE_GIANT = "little_giant", "专精特新“小巨人”企业"
    TECHNICIAN_SCHOOL = "technician_school", "技工院校"
    PUBLIC_INSTITUTION = "public_institution", "事业单位"
    STATE_OWNED = "state_owned", "国有企业"
    SMALL_MEDIUM = "small_medium", "中小微企业"
    COMMUNITY = "community", "城乡社区组织或服务机构"
    GRASSROOTS_PLATFORM = "grassroots_platform", "基层服务平台"
    SOCIAL_ORGANISATION = "social_organisation", "社会组织"
    OTHER = "other", "其他单位"


class HostStatus(Code):
    """Where the recognition of a host stands (见习单位状态)."""

    APPLIED = "applied", "待审核"
    APPROVED = "approved", "已认定"
    REFUSED = "refused", "未通过"
    REMOVED = "removed", "已取消"


class PositionStatus(Code):
    """Where a position stands (见习岗位状态)."""

    SUBMITTED = "submitted", "待审核"
    PUBLISHED = "published", "招募中"
    REFUSED = "refused", "未通过"
    CLOSED = "closed", "已下架"


class Stage(Code):
    """Where an internship stands (见习阶段)."""

    APPLIED = "applied", "已报名"
    REFERRED = "referred", "已推荐"
    ACCEPTED = "accepted", "已录用，待签协议"
    DECLINED = "declined", "未录用"
    WITHDRAWN = "withdrawn", "已撤回"
    SIGNED = "signed", "已签协议，待到岗"
    CANCELLED = "cancelled", "签约后未到岗"
    IN_POST = "in_post", "在岗"
    ENDED = "ended", "已结束"


class TransitionKind(Code):
    """What happened to an internship (台账事项). Only added to; VOID takes an earlier one back (更正)."""

    APPLY = "apply", "报名"
    REFER = "refer", "推荐"
    ACCEPT = "accept", "录用"
    DECLINE = "decline", "未录用"
    WITHDRAW = "withdraw", "撤回报名"
    SIGN = "sign", "签订协议"
    CANCEL = "cancel", "签约后未到岗"
    ARRIVE = "arrive", "到岗"
    ASSIGN_MENTOR = "assign_mentor", "指定带教老师"
    EXTEND = "extend", "延期"
    COMPLETE = "complete", "期满完成"
    RETAIN_EARLY = "retain_early", "未满提前留用"
    END_EARLY = "end_early", "提前结束"
    CHANGE_HOST = "change_host", "变更见习单位"
    RESULT = "result", "登记去向"
    VOID = "void", "更正"


class Ending(Code):
    """How an internship ended (结束方式); the first two are 指标8, the others 指标12."""

    COMPLETED = "completed", "期满完成"
    RETAINED_EARLY = "retained_early", "未满提前留用"
    ENDED_EARLY = "ended_early", "提前结束"
    CHANGED_HOST = "changed_host", "变更见习单位"


class Result(Code):
    """What a person does after an internship (见习后去向)."""

    RETAINED = "retained", "被见习单位留用"
    EMPLOYED = "employed", "其他单位就业"
    SELF_EMPLOYED = "self_employed", "自主创业"
    FLEXIBLE = "flexible", "灵活就业"
    FURTHER_STUDY = "further_study", "升学"
    ENLISTED = "enlisted", "参军"
    LOOKING = "looking", "未就业，求职中"
    INACTIVE = "inactive", "未就业，暂无意愿"
    UNKNOWN = "unknown", "联系不上"


class EndReason(Code):
    """Why an internship ended early (提前结束原因)."""

    PERSONAL = "personal", "个人原因"
    HOST = "host", "单位原因"
    FOUND_WORK = "found_work", "找到其他工作"
    STUDY = "study", "升学或备考"
    HEALTH = "health", "健康原因"
    BREACH = "breach", "违反协议"
    OTHER = "other", "其他"


class SubsidyKind(Code):
    """Kinds of internship subsidy (见习补贴项目), 人社部发〔2023〕27号 三(一)、四(二)."""

    LIVING = "living", "基本生活费补贴"
    INSURANCE = "insurance", "人身意外伤害保险"
    GUIDANCE = "guidance", "指导管理费"
    RETENTION = "retention", "留用差额补贴"
    REMAINING_TERM = "remaining_term", "剩余期限补贴"


class SubsidyStatus(Code):
    """Where a subsidy amount or batch stands (补贴状态)."""

    COMPUTED = "computed", "已测算"
    HELD = "held", "待核查"
    BATCHED = "batched", "已列入名册"
    APPROVED = "approved", "已审批"
    PAID = "paid", "已拨付"
    REFUSED = "refused", "不予拨付"


class OutreachStatus(Code):
    """Where a visit to a person found in a register stands (走访摸排状态)."""

    OPEN = "open", "待分派"
    ASSIGNED = "assigned", "已分派"
    CONTACTED = "contacted", "已联系"
    REGISTERED = "registered", "已登记"
    DECLINED = "declined", "暂无意愿"
    EMPLOYED = "employed", "已就业"
    UNREACHABLE = "unreachable", "联系不上"
    NOT_ELIGIBLE = "not_eligible", "不符合条件"


class ContactWay(Code):
    """How staff tried to reach somebody (联系方式)."""

    PHONE = "phone", "电话"
    VISIT = "visit", "上门"
    MESSAGE = "message", "短信或微信"
    OTHER = "other", "其他"


class ContactResult(Code):
    """What came of an attempt to reach somebody (联系结果)."""

    INTERESTED = "interested", "有意愿"
    NOT_NOW = "not_now", "暂无意愿"
    EMPLOYED = "employed", "已就业"
    NO_ANSWER = "no_answer", "无人接听或不在"
    WRONG_NUMBER = "wrong_number", "号码或地址有误"
    NOT_ELIGIBLE = "not_eligible", "不符合条件"


class EventStatus(Code):
    """Where a matchmaking event stands (对接活动状态)."""

    DRAFT = "draft", "草稿"
    PUBLISHED = "published", "已发布"
    CANCELLED = "cancelled", "已取消"
    HELD = "held", "已举办"


class EventKind(Code):
    """Forms of matchmaking (专项对接活动形式), 人社部发〔2023〕27号 二(三)、粤人社函〔2023〕50号 二(二)."""

    JOB_FAIR = "job_fair", "专场招聘"
    TALKS = "talks", "双向选择洽谈"
    CAMPUS = "campus", "进校园"
    PARK = "park", "进园区"
    COMMUNITY = "community", "进社区"
    MARKET = "market", "进市场"
    LIVESTREAM = "livestream", "直播带岗"
    OTHER = "other", "其他"


class RegisterKind(Code):
    """Registers that are imported (导入名册): of people to be found, and of hardship to be compared with."""

    REAL_NAME = "real-name", "离校未就业毕业生实名信息"
    JOB_SEEKERS = "job-seekers", "求职登记"
    UNEMPLOYMENT = "unemployment", "失业登记"
    LOW_INCOME = "low-income", "低保"
    POVERTY_RELIEF = "poverty-relief", "脱贫"
    DISABILITY = "disability", "残疾"
    OTHER_HARDSHIP = "other-hardship", "其他困难"


class ResourceKind(Code):
    """What can be offered after an internship (帮扶资源), 人社部发〔2023〕27号 二(六)."""

    JOB = "job", "就业岗位"
    TRAINING = "training", "培训项目"
    PROJECT = "project", "创业项目开发"
    FINANCING = "financing", "融资支持"
    PREMISES = "premises", "场地支持"
    STARTUP_FOLLOW_UP = "startup_follow_up", "创业跟踪扶持"
    GUIDANCE = "guidance", "职业指导"
