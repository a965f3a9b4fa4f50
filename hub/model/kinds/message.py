"""Talking with customers: conversations and messages."""

from __future__ import annotations

from hub.model.kind import Field, Kind, Text
from hub.model.kinds import parts

CONVERSATION = Kind(
    name="conversation",
    plural="conversations",
    prefix="cnv",
    title=Text("会话", "Conversation"),
    help=Text("与顾客的会话", "A conversation with a customer"),
    fields=(
        Field("channel", "text", Text("渠道", "Channel"), example="wecom"),
        Field("channel_account", "text", Text("渠道账号", "Account of the channel"), example="ww1234"),
        parts.ref("customer", "customer", Text("顾客", "Customer")),
        Field(
            "participants",
            "list",
            Text("参与者", "Who takes part"),
            of="object",
            fields=parts.IDENTITY_FIELDS,
            identity=("namespace", "scope", "value"),
            pii="personal",
        ),
        parts.enum("state", Text("状态", "State"), "open awaiting_customer awaiting_staff closed"),
        parts.ref("assignee", "staff", Text("负责人", "Who answers")),
        Field("window_expires_at", "time", Text("回复窗口到期", "Until when an answer is allowed")),
        Field("last_message_at", "time", Text("最后消息时间", "When the last message came or went")),
    ),
)

_CHANNELS = "Channel: wechat_oa, wecom, miniprogram, sms, email, weibo, qq or another"

MESSAGE = Kind(
    name="message",
    plural="messages",
    prefix="msg",
    title=Text("消息", "Message"),
    help=Text("发给顾客或顾客发来的一条消息", "One message to or from a customer"),
    fields=(
        parts.ref("conversation", "conversation", Text("会话", "Conversation")),
        Field("channel", "text", Text("渠道", _CHANNELS), example="sms"),
        parts.enum("direction", Text("方向", "Direction"), "in out"),
        parts.ref("customer", "customer", Text("顾客", "Customer")),
        parts.identity("to", Text("收件方", "To")),
        parts.identity("from", Text("发件方", "From")),
        Field("content_type", "text", Text("内容类型", "Type of the content"), example="text"),
        Field("body", "text", Text("正文", "Body"), example="您的订单已发货", pii="personal"),
        Field(
            "template",
            "object",
            Text("模板", "Template"),
            fields=(
                Field("id", "text", Text("模板号", "Id"), example="SMS_1001"),
                Field("params", "map", Text("模板参数", "Parameters"), example={"name": "李雷"}, pii="personal"),
            ),
        ),
        parts.enum("purpose", Text("用途", "Purpose"), "transactional marketing service"),
        parts.enum(
            "state",
            Text("状态", "State"),
            "queued awaiting_staff sent delivered read clicked replied failed recalled",
        ),
        parts.ref("agent", "staff", Text("客服", "Who wrote it")),
        Field("error", "text", Text("失败原因", "Why it failed"), example="number out of service"),
        Field("sent_at", "time", Text("发送时间", "When it was sent")),
        parts.ref("in_reply_to", "message", Text("回复的消息", "Message it answers")),
        Field("campaign", "text", Text("活动", "Campaign"), example="2026-11-11"),
        Field("effect_key", "text", Text("唯一业务键", "Unique key of the effect"), example="shipped:ord_1001"),
    ),
    lookups=("effect_key",),
)
