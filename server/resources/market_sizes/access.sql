select access_shared('market_size');
