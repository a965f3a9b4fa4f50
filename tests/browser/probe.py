"""What a page is asked in the browser: short functions in JavaScript, each run with one call."""

from __future__ import annotations

# Noted from the start of every page: what the policy refused, and by how much the page moved by itself.
WATCH = """
    addEventListener('securitypolicyviolation', e => console.error('policy: ' + e.violatedDirective));
    window.moved = [];
    const note = entries => { for (const one of entries) if (!one.hadRecentInput) moved.push(one.value); };
    window.mover = new PerformanceObserver(list => note(list.getEntries()));
    mover.observe({ type: 'layout-shift', buffered: true });
    window.shift = async () => {
        // Movement is told after the frame that shows it.
        await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
        note(mover.takeRecords());
        return moved.splice(0).reduce((sum, value) => sum + value, 0);
    };
"""
# What stands on the page as it was loaded.
FIRST = """async () => ({
    shift: await shift(),
    nodes: document.querySelectorAll('*').length,
    lang: document.documentElement.lang,
    title: document.title,
    headings: [...document.querySelectorAll('h1')].map(one => one.innerText.trim()),
})"""
# Rows of one list are alike: six of them are looked at, all the folded parts are.
PREPARE = """
    document.querySelectorAll('main details').forEach(d => { d.open = true; });
    document.querySelectorAll('main tbody > tr:nth-child(n+7)').forEach(row => row.remove());
"""
# Focus that follows a key press is drawn as with the keyboard; what cannot be seen cannot be focused.
FOCUS = """() => {
    const bar = document.querySelector('.top');
    const hidden = [];
    for (const one of [...document.querySelectorAll('a[href], button, input, select, textarea, summary')].slice(0, 60)) {
        if (!one.checkVisibility({ visibilityProperty: true }) || one.disabled || one.type === 'hidden') continue;
        one.focus();
        if (document.activeElement !== one) continue;
        const box = one.getBoundingClientRect();
        const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        const under = bar && !bar.contains(one) && bar.contains(hit);
        if (getComputedStyle(one).outlineStyle === 'none' || under) hidden.push(one.outerHTML.slice(0, 80));
    }
    document.activeElement.blur();
    scrollTo(0, 0);
    return hidden.slice(0, 3);
}"""
# Texts of the same colour, ground, size and weight get the same answer about their contrast: one of each is asked.
SAMPLE = """
    document.querySelectorAll('[data-sample]').forEach(one => one.removeAttribute('data-sample'));
    const grounds = new Map();
    const groundOf = one => {
        if (!one) return '';
        if (!grounds.has(one)) {
            const style = getComputedStyle(one);
            const own = [style.backgroundColor, style.backgroundImage, style.opacity].join();
            const apart = ['static', 'relative'].includes(style.position) ? '' : style.position + one.className;
            grounds.set(one, (own === 'rgba(0, 0, 0, 0),none,1' ? '' : own) + apart + groundOf(one.parentElement));
        }
        return grounds.get(one);
    };
    const seen = new Set();
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const one = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim() || !one.checkVisibility({ visibilityProperty: true })) continue;
        const style = getComputedStyle(one);
        const around = one.tagName === 'A' ? getComputedStyle(one.parentElement).color + style.textDecorationLine : '';
        const key = [style.color, groundOf(one), style.fontSize, style.fontWeight, around].join('|');
        if (!seen.has(key)) one.setAttribute('data-sample', '');
        seen.add(key);
    }
"""
# Only the words of what axe found come back: the whole of its answer costs more to send than to find.
AXE = """async ([theme, options, sampled]) => {
    if (theme) document.documentElement.dataset.theme = theme;
    const found = (await axe.run(document, options)).violations;
    if (sampled) {
        %s
        if (seen.size) found.push(...(await axe.run({ include: [['[data-sample]']] }, sampled)).violations);
    }
    return found.flatMap(one => one.nodes.slice(0, 3).map(
        node => `${one.id}: ${node.target} ${(node.failureSummary || '').slice(0, 300)}`));
}""".replace("%s", SAMPLE)
# The least that a reader may ask for (WCAG 1.4.12).
SPACING = "* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-bottom: 2em !important }"
# Text that is cut off, text on text, a page that scrolls sideways, bars that leave no room; then all again, spaced.
FIT = """([rounds, spacing]) => {
    const found = [];
    const boxes = new Map();
    const boxOf = one => {
        if (!boxes.has(one)) {
            const style = getComputedStyle(one);
            boxes.set(one, { box: one.getBoundingClientRect(), isBar: ['fixed', 'sticky'].includes(style.position),
                cuts: [style.overflowX, style.overflowY].some(it => it === 'hidden' || it === 'clip'),
                holds: [style.overflowX, style.overflowY].some(it => it === 'auto' || it === 'scroll') });
        }
        return boxes.get(one);
    };
    // Where a text stands: null for what is hidden from the eye, in a bar, or scrolls in a part of its own.
    const placeOf = node => {
        let isCut = false;
        const range = document.createRange();
        range.selectNodeContents(node);
        const lines = [...range.getClientRects()].filter(line => line.width > 1 && line.height > 1);
        for (let one = node.parentElement; one && one !== document.body; one = one.parentElement) {
            const { box, isBar, cuts, holds } = boxOf(one);
            if (isBar || holds || one.tagName === 'SELECT' || one.tagName === 'TEXTAREA') return null;
            if (!cuts) continue;
            if (box.width <= 1 || box.height <= 1) return null;
            isCut ||= lines.some(l => l.right > box.right + 2 || l.left < box.left - 2
                || l.bottom > box.bottom + 4 || l.top < box.top - 4);
        }
        return { lines, isCut };
    };
    const look = when => {
        boxes.clear();
        const say = (what, one) => found.push(`${when}${what}: ${one.outerHTML.slice(0, 100)}`);
        if (document.documentElement.scrollWidth > innerWidth) found.push(`${when}the page scrolls sideways`);
        const lines = [];
        const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            const node = texts.currentNode;
            if (!node.data.trim() || !node.parentElement.checkVisibility({ visibilityProperty: true })) continue;
            const place = placeOf(node);
            if (!place) continue;
            if (place.isCut) say('text is cut off', node.parentElement);
            // A line box is higher than its letters.
            for (const l of place.lines) lines.push({ node, left: l.left + 1, right: l.right - 1,
                top: l.top + l.height * 0.25, bottom: l.bottom - l.height * 0.25 });
        }
        lines.sort((a, b) => a.top - b.top);
        lines.forEach((a, i) => {
            for (let j = i + 1; j < lines.length && lines[j].top < a.bottom; j++) {
                const b = lines[j];
                if (a.node !== b.node && a.left < b.right && b.left < a.right) say('text on text', b.node.parentElement);
            }
        });
        scrollTo(0, document.documentElement.scrollHeight / 2);
        const points = [...Array(16).keys()].map(i => document.elementFromPoint(innerWidth / 2, innerHeight * (i + 0.5) / 16));
        const isCovered = one => { for (; one; one = one.parentElement) if (boxOf(one).isBar) return true; return false; };
        if (points.filter(isCovered).length > 6) found.push(`${when}bars cover more than a third`);
        scrollTo(0, 0);
    };
    if (rounds.includes('plain')) look('');
    if (rounds.includes('spaced')) {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(spacing);
        document.adoptedStyleSheets = [sheet];
        look('spaced: ');
        document.adoptedStyleSheets = [];
    }
    return found.slice(0, 4);
}"""
