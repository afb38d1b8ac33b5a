// The texts of the page in English and Chinese.

const WORDS = {
  api: ["API", "接口"],
  drop: ["Drop images or a video here", "将图片或视频拖到这里"],
  choose: ["or choose files", "或选择文件"],
  camera: ["Webcam", "摄像头"],
  record: ["Record", "录制"],
  stop: ["Stop", "停止"],
  plot: ["Plot", "曲线"],
  settings: ["Settings", "设置"],
  model: ["Model", "模型"],
  threshold: ["Lowest score of a keypoint", "关键点最低置信度"],
  people: ["People in an image, at most", "每张图片最多人数"],
  boxes: ["Boxes and ids", "显示框与编号"],
  names: ["Names of keypoints", "显示关键点名称"],
  download: ["Download", "下载"],
  drawing: ["Drawing", "绘制结果"],
  found: ["People", "人物"],
  nothing: ["Nothing to show yet.", "暂无结果。"],
  token: ["This server needs its token", "该服务需要访问令牌"],
  ok: ["OK", "确定"],
  theme: ["Light or dark", "浅色或深色"],
  working: ["Working …", "处理中……"],
  sending: ["Sending the video …", "正在上传视频……"],
  frames: ["frames", "帧"],
  persons: ["people", "人"],
  person: ["Person", "人物"],
  angle: ["angle", "角度"],
  live: ["frames per second", "帧/秒"],
  noCamera: ["The webcam cannot be used", "无法使用摄像头"],
  offline: ["The server does not answer.", "服务器没有响应。"],
  blind: ["This browser cannot play the video; its frames:", "浏览器无法播放该视频；按帧查看："],
  describe: ["Skeletons of the people found", "检测到的人体骨架"],
};

export let language = localStorage.getItem("language") || (navigator.language.startsWith("zh") ? "zh" : "en");

export function word(key) {
  return WORDS[key][language === "zh" ? 1 : 0];
}

export function showWords() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
  for (const element of document.querySelectorAll("[data-title]")) {
    element.title = word(element.dataset.title);
    element.setAttribute("aria-label", element.title);
  }
  const button = document.getElementById("language");
  button.textContent = language === "zh" ? "English" : "中文";
  button.lang = language === "zh" ? "en" : "zh";
}

export function switchLanguage() {
  language = language === "zh" ? "en" : "zh";
  localStorage.setItem("language", language);
  showWords();
}
