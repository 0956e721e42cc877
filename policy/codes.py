"""Code lists of the trainee information base (见习对象信息库): what is stored, and its Chinese name.

Owns the codes and nothing else: which of them make a person eligible is in `policy.parameters`.
The value of a member is what the database, the API and the spreadsheets hold, so values are never changed or
reused; a code that goes out of use stays here. `Education("21")` reads a stored code, `.label` names it.
"""

from enum import StrEnum
from typing import Self


class Code(StrEnum):
    """One entry of a code list (代码表): equal to its stored code, with a Chinese `label`."""

    label: str

    def __new__(cls, value: str, label: str = "") -> Self:
        """Make a member; the default only lets `Education("21")` type-check, every member has its label."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member


class Track(Code):
    """The two groups the plan is for (见习对象类别), 人社部发〔2023〕27号 一; UNSURE until worked out."""

    GRADUATE = "graduate", "离校两年内未就业高校毕业生"
    YOUTH = "youth", "16—24岁失业青年"
    UNSURE = "unsure", "还不确定"


class Education(Code):
    """Highest education (学历), GB/T 4658, with two own sub-codes for school kinds the plan treats apart."""

    DOCTOR = "11", "博士研究生"
    MASTER = "14", "硕士研究生"
    BACHELOR = "21", "大学本科"
    JUNIOR_COLLEGE = "31", "大学专科"
    SECONDARY_SPECIALISED = "41", "中等专科（中专）"
    VOCATIONAL_HIGH_SCHOOL = "44", "职业高中"
    SPECIAL_VOCATIONAL = "44S", "特殊教育院校职业教育类"
    SKILLED_WORKER_SCHOOL = "47", "技工学校"
    TECHNICIAN_COLLEGE = "47A", "技师学院高级工班、预备技师班"
    SENIOR_HIGH_SCHOOL = "61", "普通高中"
    JUNIOR_HIGH_SCHOOL = "71", "初中"
    PRIMARY_SCHOOL = "81", "小学"
    OTHER = "90", "其他"


class SkillLevel(Code):
    """Skill certificate (技能等级): none, the eight grades of 新八级工, or a professional title (职称)."""

    NONE = "none", "无"
    APPRENTICE = "apprentice", "学徒工"
    JUNIOR = "5", "初级工（五级）"
    INTERMEDIATE = "4", "中级工（四级）"
    SENIOR = "3", "高级工（三级）"
    TECHNICIAN = "2", "技师（二级）"
    SENIOR_TECHNICIAN = "1", "高级技师（一级）"
    SPECIAL_TECHNICIAN = "special", "特级技师"
    CHIEF_TECHNICIAN = "chief", "首席技师"
    TITLE_JUNIOR = "title_junior", "初级职称"
    TITLE_INTERMEDIATE = "title_intermediate", "中级职称"
    TITLE_SENIOR = "title_senior", "高级职称"


class Sex(Code):
    """Sex (性别) as on the identity document, GB/T 2261.1."""

    MALE = "1", "男"
    FEMALE = "2", "女"


class PositionKind(Code):
    """The four kinds of internship position (岗位类别), 人社部发〔2023〕27号 二(二)."""

    RESEARCH = "1", "科研类"
    TECHNICAL = "2", "技术技能类"
    MANAGEMENT = "3", "管理类"
    SOCIAL_SERVICE = "4", "社会服务类"


class HardshipKind(Code):
    """Hardship of a graduate (困难类别).

    人社部发〔2023〕27号 二(一) names 低保, 脱贫 and 残疾 "等"; the longer list serves local registers.
    """

    MINIMUM_LIVING_ALLOWANCE = "01", "低保家庭"
    NEAR_MINIMUM_LIVING_ALLOWANCE = "02", "低保边缘家庭"
    NOBODY_EMPLOYED = "03", "零就业家庭"
    LIFTED_OUT_OF_POVERTY = "04", "脱贫家庭（原建档立卡）"
    WATCHED_AGAINST_POVERTY = "05", "防止返贫监测对象"
    DISABLED = "06", "本人残疾"
    DISABLED_FAMILY = "07", "残疾人家庭"
    EXTREME_POVERTY_SUPPORT = "08", "城乡特困人员"
    ORPHAN = "09", "孤儿或事实无人抚养"
    STUDENT_LOAN = "10", "获得国家助学贷款"
    HARD_UP_WORKER_FAMILY = "11", "特困职工家庭"
    LONG_TERM_UNEMPLOYED = "12", "长期失业"
    OTHER = "99", "其他困难"


class DocumentKind(Code):
    """Identity document (证件类型)."""

    RESIDENT = "01", "居民身份证"
    HONG_KONG_MACAU = "02", "港澳居民居住证或来往内地通行证"
    TAIWAN = "03", "台湾居民居住证或来往大陆通行证"
    OTHER = "09", "其他证件"


class Industry(Code):
    """Industry section (行业门类), GB/T 4754-2017."""

    AGRICULTURE = "A", "农、林、牧、渔业"
    MINING = "B", "采矿业"
    MANUFACTURING = "C", "制造业"
    ENERGY_AND_WATER_SUPPLY = "D", "电力、热力、燃气及水生产和供应业"
    CONSTRUCTION = "E", "建筑业"
    TRADE = "F", "批发和零售业"
    TRANSPORT = "G", "交通运输、仓储和邮政业"
    HOTELS_AND_CATERING = "H", "住宿和餐饮业"
    SOFTWARE = "I", "信息传输、软件和信息技术服务业"
    FINANCE = "J", "金融业"
    REAL_ESTATE = "K", "房地产业"
    BUSINESS_SERVICES = "L", "租赁和商务服务业"
    SCIENCE = "M", "科学研究和技术服务业"
    ENVIRONMENT = "N", "水利、环境和公共设施管理业"
    RESIDENT_SERVICES = "O", "居民服务、修理和其他服务业"
    EDUCATION = "P", "教育"
    HEALTH = "Q", "卫生和社会工作"
    CULTURE = "R", "文化、体育和娱乐业"
    PUBLIC_ADMINISTRATION = "S", "公共管理、社会保障和社会组织"
    INTERNATIONAL = "T", "国际组织"


class Major(Code):
    """Field of study (专业大类): 01–14 undergraduate (本科学科门类), 41–59 higher vocational (高职)."""

    PHILOSOPHY = "01", "哲学"
    ECONOMICS = "02", "经济学"
    LAW = "03", "法学"
    PEDAGOGY = "04", "教育学"
    LITERATURE = "05", "文学"
    HISTORY = "06", "历史学"
    NATURAL_SCIENCE = "07", "理学"
    ENGINEERING = "08", "工学"
    AGRONOMY = "09", "农学"
    MEDICINE = "10", "医学"
    MILITARY_SCIENCE = "11", "军事学"
    MANAGEMENT = "12", "管理学"
    ART = "13", "艺术学"
    INTERDISCIPLINARY = "14", "交叉学科"
    VOCATIONAL_AGRICULTURE = "41", "农林牧渔大类"
    VOCATIONAL_RESOURCES = "42", "资源环境与安全大类"
    VOCATIONAL_ENERGY = "43", "能源动力与材料大类"
    VOCATIONAL_CONSTRUCTION = "44", "土木建筑大类"
    VOCATIONAL_WATER = "45", "水利大类"
    VOCATIONAL_EQUIPMENT = "46", "装备制造大类"
    VOCATIONAL_CHEMISTRY = "47", "生物与化工大类"
    VOCATIONAL_LIGHT_INDUSTRY = "48", "轻工纺织大类"
    VOCATIONAL_FOOD = "49", "食品药品与粮食大类"
    VOCATIONAL_TRANSPORT = "50", "交通运输大类"
    VOCATIONAL_ELECTRONICS = "51", "电子与信息大类"
    VOCATIONAL_MEDICINE = "52", "医药卫生大类"
    VOCATIONAL_FINANCE = "53", "财经商贸大类"
    VOCATIONAL_TOURISM = "54", "旅游大类"
    VOCATIONAL_CULTURE = "55", "文化艺术大类"
    VOCATIONAL_MEDIA = "56", "新闻传播大类"
    VOCATIONAL_TEACHING = "57", "教育与体育大类"
    VOCATIONAL_SECURITY = "58", "公安与司法大类"
    VOCATIONAL_PUBLIC_SERVICE = "59", "公共管理与服务大类"

    @property
    def vocational(self) -> bool:
        """True for a higher-vocational field (高职), False for an undergraduate one (本科)."""
        return self.value >= "41"
