"""Looks and the one small script of a report. Nothing is fetched: no fonts, no libraries."""

CSS = """
:root{--ink:#1c2733;--muted:#56636f;--rule:#d5dbe1;--soft:#f5f6f4;--accent:#1f5f8b;--warn:#7a3d00;--warnbg:#fdf4e3;
color-scheme:light}
*{box-sizing:border-box}
html{scroll-behavior:smooth}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;color:var(--ink);background:#fff;font:16px/1.55 "Segoe UI",system-ui,-apple-system,Roboto,
"Helvetica Neue",
"Liberation Sans",Arial,sans-serif}
main,header,footer{max-width:60rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:2.6rem}
h1,h2,h3,h4{font-family:Charter,"Bitstream Charter","Source Serif 4",Cambria,Georgia,"Liberation Serif",serif;
font-weight:600;
line-height:1.22;text-wrap:balance}
h1{font-size:2.15rem;margin:.2rem 0 .6rem}
h2{font-size:1.5rem;margin:3.2rem 0 .6rem;padding-top:1rem;border-top:1px solid var(--rule)}
h3{font-size:1.12rem;margin:1.9rem 0 .4rem}
p,li{max-width:46rem}
p{margin:.55rem 0}
.eyebrow{color:var(--muted);font-size:.86rem;letter-spacing:.02em;margin:0}
.lead{font-size:1.12rem;line-height:1.5}
.muted,.note,figcaption{color:var(--muted)}
.note,figcaption{font-size:.88rem;line-height:1.45;max-width:50rem}
a{color:var(--accent)}
a:focus-visible,summary:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.skip{position:absolute;left:-999px}.skip:focus{position:static}
nav ol{list-style:none;margin:1.2rem 0 0;padding:.7rem 0;display:flex;flex-wrap:wrap;gap:.2rem 1.3rem;
border-top:1px solid var(--rule);border-bottom:1px solid var(--rule);font-size:.9rem}
nav a{text-decoration:none;display:inline-block;padding:.15rem 0;
min-height:24px}nav a:hover{text-decoration:underline}
.caveats{background:var(--soft);border-left:4px solid var(--muted);padding:.7rem 1.1rem;margin:1.3rem 0}
.caveats p{margin:.2rem 0}.caveats ul{margin:.3rem 0;padding-left:1.1rem}
.warning{background:var(--warnbg);border:1px solid #d9a85a;border-left:6px solid var(--warn);padding:.7rem 1.1rem;
margin:1rem 0}
.warning strong:first-child{color:var(--warn)}
.answers{list-style:none;padding:0;margin:1rem 0}
.answers li{padding:.75rem 0;border-bottom:1px solid var(--rule);max-width:none}
.answers li:first-child{border-top:1px solid var(--rule)}
.answers b{display:block;font-size:1.02rem}
.tag{display:inline-block;font-size:.76rem;font-weight:400;border:1px solid var(--muted);border-radius:3px;
padding:0 .4em;
margin-left:.4em;color:var(--muted);white-space:nowrap}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.89rem;line-height:1.38;margin:.8rem 0;width:100%;
font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--muted);font-size:.88rem;padding-bottom:.35rem}
th,td{padding:.42rem .7rem .42rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule)}
thead th{border-bottom:2px solid var(--ink);font-weight:600;vertical-align:bottom}
tbody th{font-weight:600}
td.n,th.n{text-align:right;padding-right:0;padding-left:.9rem}
tr.base td,tr.base th{background:var(--soft)}
.ci{color:var(--muted);font-size:.92em;white-space:nowrap}
figure{margin:1.2rem 0}
figure>svg{width:100%;height:auto;display:block}
figcaption{margin-top:.4rem}
details{margin:.4rem 0 .2rem;font-size:.9rem}
summary{cursor:pointer;color:var(--accent);padding:.2rem 0;min-height:24px}
.key{display:flex;flex-wrap:wrap;gap:.25rem 1rem;font-size:.84rem;color:var(--ink);margin:.4rem 0;max-width:none;
align-items:center}
.key span{display:inline-flex;align-items:center;gap:.35rem}
.key i{display:inline-block;width:1.3rem;height:.85rem;border:1px solid #9aa5ae}
.key i.hatched{background:repeating-linear-gradient(45deg,#fff 0 3px,#6b757d 3px 4px)}
.maps{display:grid;grid-template-columns:repeat(auto-fill,minmax(17rem,1fr));gap:1.1rem}
.maps.two{grid-template-columns:repeat(auto-fit,minmax(20rem,1fr))}
.maps h3,.maps h4{margin:0 0 .3rem;font-size:.98rem}
.maps svg{width:100%;height:auto;max-height:30rem;display:block}
svg.defs{position:absolute}
svg text{font-family:inherit}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(10.5rem,1fr));gap:.9rem 1.4rem;margin:1.1rem 0;
padding:0}
.facts div{border-top:2px solid var(--ink);padding-top:.35rem}
.facts dt{font-size:.84rem;color:var(--muted)}.facts dd{margin:0;font-size:1.35rem;font-variant-numeric:tabular-nums}
code{font-family:ui-monospace,"Liberation Mono",Consolas,monospace;font-size:.86em;overflow-wrap:anywhere}
footer{margin-top:3.5rem;padding-top:1rem;padding-bottom:3rem;border-top:2px solid var(--ink);font-size:.86rem;
color:var(--muted)}
h2.plain{border:0;margin-top:0;padding-top:0;color:var(--ink)}
footer dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;
margin:.5rem 0}footer dt{color:var(--ink)}
footer dd{margin:0;overflow-wrap:anywhere}
@media print{body{font-size:10.5pt}main,header,footer{max-width:none;padding:0}nav,.skip{display:none}
h2{margin-top:1.6rem;break-after:avoid}figure,table,.warning,.caveats,.answers li{break-inside:avoid}
a{color:inherit;text-decoration:none}i,.key i,svg,.tag,.caveats,.warning,tr.base td,
tr.base th{print-color-adjust:exact;
-webkit-print-color-adjust:exact}}
@page{margin:18mm 16mm}
"""

# Tables behind the charts are folded away on the screen and printed on paper.
SCRIPT = """
(function(){var d=function(){return document.querySelectorAll('details')};
addEventListener('beforeprint',function(){d().forEach(function(e){e.dataset.was=e.open?'1':'';e.open=true})});
addEventListener('afterprint',function(){d().forEach(function(e){e.open=e.dataset.was==='1'})});})();
"""
