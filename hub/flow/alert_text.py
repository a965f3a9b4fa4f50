"""What alerts say, in both languages: what is wrong, what it means, what to do next. `{words}` come from the alert."""

from __future__ import annotations

from dataclasses import dataclass

from hub.model.kind import Text


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of one type of alert. `title` names the cause in one line, `step` is the label of the way on."""

    title: Text
    meaning: Text
    step: Text


WORDS: dict[str, Words] = {
    "credential": Words(
        Text("{connection} 凭证失效，已停止", "{connection} refuses the hub's credentials and is stopped"),
        Text(
            "该系统拒绝了枢纽的访问。{reason}读取与写入都已停止；收到的回调仍会入库，恢复后自动补上，不会丢失。",
            "The system refused access. {reason} Reading and writing have stopped. Webhooks are still stored, and what"
            " was missed is read after it goes on: nothing is lost.",
        ),
        Text("更新凭证，然后恢复", "Renew the access, then resume"),
    ),
    "silent": Words(
        Text("{connection} 已有 {minutes} 分钟没有发来回调", "{connection} has sent no webhook for {minutes} minutes"),
        Text(
            "通常的最长间隔是 {usual_minutes} 分钟（主题：{topics}）。订阅可能被该系统取消，或回调地址已不可达。",
            "The longest usual gap is {usual_minutes} minutes (topics: {topics}). The system may have dropped the"
            " subscription, or the address is not reachable any more.",
        ),
        Text("检查订阅并补拉", "Check the subscriptions and pull"),
    ),
    "slow": Words(
        Text("{connection} 迟缓：{count} 个投递积压", "{connection} is slow: {count} deliveries are late"),
        Text(
            "最久的投递已等待超过一分钟。该系统答复慢、限流，或写入不断失败；其他连接不受影响。",
            "The oldest has been due for more than a minute. The system answers slowly, limits the rate, or writes keep"
            " failing. Other connections are not affected.",
        ),
        Text("查看等待的投递", "Look at what waits"),
    ),
    "breaker": Words(
        Text("{connection} 没有正常应答", "{connection} does not answer as it should"),
        Text(
            "对它的调用持续失败。{reason}枢纽每次只放一个调用试探，一旦应答就自动恢复，期间没有任何丢失。若系统已恢复，请点“检查”立即重试。",
            "Calls to it keep failing. {reason} The hub probes it with one call at a time and goes on by itself once it"
            " answers; nothing is lost meanwhile. If it is well again, Check tries at once.",
        ),
        Text("检查该系统", "Check the system"),
    ),
    "quarantine": Words(
        Text("{connection}：{count} 个事件被隔离（{cause}）", "{connection}: {count} events in quarantine ({cause})"),
        Text(
            "这些事件无法理解，原文完整保存。修好映射或数据后再重新处理。",
            "These events could not be understood; they are kept whole. Fix the mapping or the data, then run them again.",
        ),
        Text("查看原因并重新处理", "See the cause and run them again"),
    ),
    "parked": Words(
        Text("{connection}：{count} 条{kind}等待上级过久", "{connection}: {count} × {kind} wait too long for a parent"),
        Text(
            "它们所属的记录一小时内没有到来。可以立即去读取，或确认没有上级后放行。",
            "The records that they belong to have not come within an hour. Fetch them now, or release these as orphans.",
        ),
        Text("处理等待上级的记录", "See what waits"),
    ),
    "unknown": Words(
        Text("{connection}：{count} 个投递结果不明", "{connection}: the outcome of {count} deliveries is unknown"),
        Text(
            "调用中断，该系统可能已经收到，而枢纽无法查询。在有人核实之前不会重发。",
            "The call broke off, the system may have received it, and the hub cannot look. Nothing is sent again before"
            " somebody has looked there.",
        ),
        Text("逐个核实", "Look whether they arrived"),
    ),
    "dead": Words(
        Text("{connection}：{count} 个投递成为死信", "{connection}: {count} deliveries were given up"),
        Text(
            "该系统明确拒绝了它们，重试也不会成功。修正原因后重试，或放弃。",
            "The system refused them for good, so trying again by itself would not help. Fix the cause and retry, or discard.",
        ),
        Text("重试或放弃", "Retry or discard"),
    ),
    "plan": Words(
        Text("{connection}：批量变更等待确认（{count} 条）", "{connection}: a mass change of {count} waits for you"),
        Text(
            "一个原因（{cause}）会改动很多记录，因此已整体暂停。先看计划，再放行全部、放行十条或放弃。",
            "One cause ({cause}) would change many records, so all of it is held. Look at the plan, then release it, ten of"
            " it, or discard it.",
        ),
        Text("查看计划", "Look at the plan"),
    ),
    "review": Words(
        Text("{connection} 已读完，等待上线", "{connection} has been read and waits to go live"),
        Text(
            "第一次完整读取已结束。看过将要关联、创建和更新的内容后即可上线。",
            "The first complete reading is over. Look at what would be linked, created and updated, then let it go live.",
        ),
        Text("查看并上线", "Look and go live"),
    ),
    "loop": Words(
        Text("{connection}：{count} 处往返循环已冻结", "{connection}: {count} values went to and fro and are frozen"),
        Text(
            "两个系统不断改回对方的值，枢纽已停止写入这些字段，其余照常。",
            "Two systems keep changing each other's value. The hub writes these fields no more; everything else goes on.",
        ),
        Text("查看并裁决", "Look and decide"),
    ),
    "drift": Words(
        Text("{connection}：{count} 处结构变化", "{connection}: the structure changed in {count} places"),
        Text(
            "该系统的数据多了、少了字段，或类型变了。已有的值保持不变。",
            "Fields appeared, vanished or changed their type in what the system sends. Values known so far are kept.",
        ),
        Text("查看变化", "Look at the changes"),
    ),
    "reading": Words(
        Text("{connection}：读取不完整（{streams}）", "{connection}: reading is not complete ({streams})"),
        Text(
            "最近一次读取没有读完。{reason}已读到的都在；可从中断处再读一次。",
            "The last reading did not get to the end. {reason} What was read is kept; read again from there.",
        ),
        Text("再读一次", "Read again"),
    ),
    "subscription": Words(
        Text(
            "{connection}：{count} 个订阅失效或即将到期", "{connection}: {count} subscriptions are broken or end soon"
        ),
        Text(
            "主题：{topics}。{reason}在恢复之前只能靠轮询得到变化。",
            "Topics: {topics}. {reason} Until they are restored, changes are seen by polling alone.",
        ),
        Text("重新订阅", "Subscribe again"),
    ),
    "job": Words(
        Text("定期任务 {name} 连续失败 {count} 次", "The periodic job {name} failed {count} times in a row"),
        Text(
            "{reason}它会越来越慢地自动重试；在此之前，它负责的工作没有完成。",
            "{reason} It is tried again by itself, more and more slowly; what it is there for is not done meanwhile.",
        ),
        Text("查看定期任务", "Look at the periodic jobs"),
    ),
    "workers": Words(
        Text(
            "{count} 个事件等待处理，工作进程没有跟上", "{count} events wait: the workers do not keep up or do not run"
        ),
        Text(
            "在册的工作进程：{workers}。事件已安全入库，工作进程恢复后会自动处理。",
            "Registered workers: {workers}. The events are stored safely and are processed once workers run again.",
        ),
        Text("查看等待的事件", "Look at what waits"),
    ),
    "no_workers": Words(
        Text("没有工作进程负责：{roles}", "No worker runs for: {roles}"),
        Text(
            "收到的事件会安全入库，但这些工作在进程启动之前不会进行。请运行 retail-hub worker，或用 retail-hub run 启动全部。",
            "Events are stored safely, but this work waits until a process does it. Run `retail-hub worker`, or"
            " `retail-hub run` for everything.",
        ),
        Text("启动缺少的进程", "Start what is missing"),
    ),
    "redis": Words(
        Text("Redis 无法连接", "Redis is away"),
        Text(
            "数据都在 Postgres 中，没有丢失；处理改由调度器唤醒，会慢几秒。",
            "All truth is in Postgres and nothing is lost. The scheduler alone wakes the workers, so all takes seconds longer.",
        ),
        Text("查看健康状态", "Look at the health page"),
    ),
    "redis_settings": Words(
        Text("Redis 可能忘记数据", "Redis may forget"),
        Text(
            "淘汰策略：{policy}；追加写盘 (appendonly)：{kept}。数据都在 Postgres 中，不会丢失，但被遗忘的调用配额会使对方限流。请设为"
            " maxmemory-policy noeviction 并开启 appendonly。",
            "Eviction: {policy}; append-only file: {kept}. All truth is in Postgres, but rate budgets that are forgotten make"
            " systems throttle. Set `maxmemory-policy noeviction` and `appendonly yes`.",
        ),
        Text("修改 Redis 设置", "Change the settings of Redis"),
    ),
    "clock": Words(
        Text("枢纽与数据库的时钟相差 {skew_s} 秒", "The clocks of hub and database differ by {skew_s} seconds"),
        Text(
            "时间先后与租约都依赖时钟，结果可能不可靠。请在两台机器上启用 NTP 同步。",
            "What is newer, and who holds which work, depends on clocks. Synchronise both machines by NTP.",
        ),
        Text("校准时钟", "Set the clocks"),
    ),
    "disk": Words(
        Text("磁盘已用 {percent}%", "The disk is {percent} % full"),
        Text(
            "数据目录所在的磁盘只剩 {free_mb} MB。写满后将无法接收事件。请清理，或把数据目录移到更大的磁盘。",
            "The disk of the data folder has {free_mb} MB left. Once it is full, no event can be taken in. Make room, or"
            " move the data folder to a larger disk.",
        ),
        Text("清理磁盘", "Make room"),
    ),
    "plugin": Words(
        Text("插件 {name} 无法加载", "The plugin {name} could not be loaded"),
        Text("{reason}枢纽的其余部分照常运行。", "{reason} The rest of the hub goes on."),
        Text("查看插件", "Look at the plugins"),
    ),
    "rules": Words(
        Text(
            "此安装不能按生效的发布 {release} 工作",
            "This installation cannot work by release {release}, which is in force",
        ),
        Text(
            "枢纽、连接器或插件的版本与该发布不同。为避免混用规则，事件和投递在等待，没有丢失。请在各处安装同一版本，或执行 retail-hub release activate。",
            "Its version of the hub, a connector or a plugin is another one. So that rules are not mixed, events and deliveries "
            "wait; nothing is lost. Install the same everywhere, or run retail-hub release activate.",
        ),
        Text("查看健康状况", "Look at the health"),
    ),
    "token": Words(
        Text("令牌 {name} 还有 {days} 天到期", "The token {name} ends in {days} days"),
        Text(
            "到期后使用它的程序会被拒绝。请先创建新令牌。",
            "The program that uses it is refused from then on. Make a new one first.",
        ),
        Text("查看令牌", "Look at the tokens"),
    ),
    "many_reveals": Words(
        Text("{person} 一小时内显示了 {count} 个个人字段", "{person} revealed {count} personal fields within an hour"),
        Text(
            "多于通常的工作所需。请向本人核实用途；每一次都有理由留痕。",
            "That is more than work usually takes. Ask what for; each of them was recorded with its reason.",
        ),
        Text("查看访问记录", "Look at the access log"),
    ),
    "match_precision": Words(
        Text(
            "{week} 的样本中，{kind}自动合并只有 {percent}% 正确",
            "Only {percent} % of the automatic merges of {kind} in the sample of {week} are right",
        ),
        Text(
            "抽查 {drawn} 个，{wrong} 个被判为错误（95% 区间 {low}%–{high}%）。低于 98% 说明自动线可能过低：先看错误的几对，再提高 auto 或修改模型；生效前先预览影响。",
            "{wrong} of {drawn} were judged wrong (95 % interval {low} % to {high} %). Under 98 % the line for automatic merges"
            " may be too low: look at the wrong ones, then raise auto or change the model, and preview what that would do first.",
        ),
        Text("查看样本", "Look at the sample"),
    ),
    "mapping": Words(
        Text("{connection}：{count} 个数据流没有映射", "{connection}: {count} flows have no mapping"),
        Text(
            "{kinds}：声明了流向，但没有映射文件说明如何转换，因此不会同步。",
            "{kinds}: they are declared to flow, but no mapping file says how, so nothing of them is kept in step.",
        ),
        Text("查看连接", "Look at the connection"),
    ),
}
OTHER = Words(Text("{type}", "{type}"), Text("{text}", "{text}"), Text("查看", "Look"))
"""Of a type that nobody declared."""
